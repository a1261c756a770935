"""Layer-wise learning rates: lower ones below, or none yet.

Layer-wise decay: group number d from the top (the head is 0) has the rate times
decay^d (Howard and Ruder 2018, arXiv:1801.06146; ELECTRA, arXiv:2003.10555).
Gradual unfreezing: group d stays as it is until step d * unfreeze_every (the former).
"""

import dataclasses
from collections.abc import Mapping

import keras
import tensorflow as tf
from keras import ops

from tfm.adaptation import groups


@dataclasses.dataclass(frozen=True)
class Share:
    """A variable's share of the learning rate, from a step on; before, it has none."""

    factor: float = 1.0
    first_step: int = 0


def shares(
    model: keras.Model, decay: float = 1.0, unfreeze_every: int | None = None
) -> list[Share]:
    """The share of each of model.trainable_variables."""
    found: dict[int, Share] = {}
    for depth, group in enumerate(groups.of(model)):
        share = Share(decay**depth, depth * (unfreeze_every or 0))
        found |= {id(v): share for v in group.variables}
    return [found[id(v)] for v in model.trainable_variables]


def scaled(optimizer_class: type) -> type:
    """A subclass of a Keras optimizer whose rate differs from variable to variable.

    After building, `share_out` takes the shares. What moves a variable is scaled,
    decoupled weight decay too; what the optimizer remembers of the gradients is not,
    so that its averages are true when a layer is unfrozen.
    """
    return type(optimizer_class.__name__, (_Scaled, optimizer_class), {})


def counted(optimizer: keras.optimizers.Optimizer, gradients: list) -> list:
    """The gradients, with zeros for variables that are not unfrozen yet.

    So the global norm is that of what is trained. One that is not finite stays so.
    """
    found = getattr(optimizer, "shares", ())
    if not any(share.first_step for share in found):
        return gradients
    step = tf.convert_to_tensor(optimizer.iterations)
    return [
        gradient * tf.cast(step >= share.first_step, gradient.dtype)
        for gradient, share in zip(gradients, found, strict=True)
    ]


def report(
    model: keras.Model, decay: float = 1.0, unfreeze_every: int | None = None
) -> list[str]:
    """Lines for a human: each group's share, and when it is unfrozen."""
    names = [group.name for group in _trained(model)]
    lines = []
    if decay != 1.0:
        rates = [f"{name} {decay**depth:.3g}" for name, depth in _depths(model).items()]
        lines.append(f"Rates       of the learning rate: {', '.join(rates)}")
    if unfreeze_every:
        steps = [
            f"{name} at step {depth * unfreeze_every:,}"
            for name, depth in _depths(model).items()
            if name in names
        ]
        lines.append(f"Unfreezes   {', '.join(steps)}")
    return lines


def _depths(model: keras.Model) -> Mapping[str, int]:
    return {group.name: depth for depth, group in enumerate(groups.of(model))}


def _trained(model: keras.Model) -> list[groups.Group]:
    trained = {id(v) for v in model.trainable_variables}
    return [g for g in groups.of(model) if any(id(v) in trained for v in g.variables)]


class _Scaled:
    """Mixed into a class of keras.optimizers; see `scaled`."""

    shares: tuple[Share, ...] = ()

    def share_out(self, found: list[Share]) -> None:
        """Takes the share of each variable, in the order that it was built with."""
        self.shares = tuple(found)

    def update_step(self, gradient, variable, learning_rate):
        share = self.shares[self._get_variable_index(variable)]
        rate = ops.cast(learning_rate, "float32")
        if isinstance(self, keras.optimizers.Adafactor):
            # which never takes a higher one: its share is of the rate that it takes
            now = ops.cast(self.iterations + 1, "float32")
            rate = ops.minimum(rate, 1.0 / ops.sqrt(now))
        rate = rate * share.factor
        if share.first_step:
            rate = ops.where(self.iterations >= share.first_step, rate, 0.0)
        if self.weight_decay and self._use_weight_decay(variable):
            decay = ops.cast(rate * self.weight_decay, variable.dtype)
            variable.assign_sub(variable * decay)
        super().update_step(gradient, variable, rate)

    def _apply_weight_decay(self, variables):
        """Nothing: `update_step` does it, who knows each variable's share."""
