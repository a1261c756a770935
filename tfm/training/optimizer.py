"""Optimizers such as AdamW, with learning-rate schedule and gradient clipping."""

import contextlib
import dataclasses
import typing
from collections.abc import Iterator

from tfm import errors
from tfm import validation

Name = typing.Literal[
    "adamw",
    "adam",
    "sgd",
    "rmsprop",
    "adagrad",
    "adadelta",
    "adamax",
    "nadam",
    "ftrl",
    "lion",
    "lamb",
    "adafactor",
    "muon",
]

BETAS = ("adamw", "adam", "adamax", "nadam", "lamb", "lion")  # have a beta_2


@dataclasses.dataclass(frozen=True)
class Optimizer:
    """A Keras optimizer by name, with warm-up and decay of its learning rate."""

    name: Name = "adamw"  # a Keras optimizer
    learning_rate: float = 1e-3  # the highest one, reached after warm-up
    # how the learning rate falls from warm-up to the last step
    schedule: typing.Literal["constant", "linear", "cosine", "inverse_sqrt", "wsd"] = (
        "cosine"
    )
    warmup_steps: int | None = None  # from zero to learning_rate; none: 5 % of all
    end_factor: float = 0.0  # linear, cosine, wsd: the last rate over the highest
    weight_decay: float = 0.0  # decoupled; not of biases and normalisation scales
    momentum: float = 0.9  # sgd and rmsprop only
    # adam's kin: momentum of the squared gradients' average; none: as Keras has it
    beta_2: float | None = None
    # evaluate and keep an average of the weights with this momentum; none: the last
    ema: float | None = None
    clip_norm: float | None = 1.0  # the gradients' global norm at the most

    def __post_init__(self):
        validation.above_zero(self, "learning_rate", "clip_norm")
        validation.at_least(self, 0, "warmup_steps")
        if not 0 <= self.end_factor <= 1:
            raise errors.UserError(
                f"end_factor must be in [0, 1]. Got {self.end_factor}."
            )
        validation.fraction(self, "weight_decay", "momentum", "beta_2")
        validation.inner_fraction(self, "ema")
        if self.beta_2 is not None and self.name not in BETAS:
            raise errors.UserError(
                f"beta_2 is for {', '.join(BETAS)}. Got name={self.name}."
            )

    def build(self, total_steps: int, model, adapt=None):
        """The keras.optimizers.Optimizer for `total_steps` updates of `model`.

        Clipping is left to the training step, which sees the global norm.

        Args:
          total_steps: updates in all.
          model: built, with what is frozen marked as such.
          adapt: a tfm.adaptation.Adapt, whose layer_decay and unfreeze_every count.
        """
        from tfm.adaptation import layerwise
        from tfm.training import schedules

        unfreeze_every = adapt.unfreeze_every if adapt else None
        layer_decay = adapt.layer_decay if adapt else 1.0
        if unfreeze_every and self.name == "ftrl":
            raise errors.UserError(
                "ftrl derives the weights from all gradients so far, so its layers "
                f"cannot wait. Got name=ftrl, unfreeze_every={unfreeze_every}."
            )

        rate = schedules.WarmupDecay(
            self.learning_rate,
            self.schedule,
            total_steps // 20 if self.warmup_steps is None else self.warmup_steps,
            total_steps,
            self.end_factor,
        )
        optimizer_class = self._class()
        by_layer = layer_decay != 1 or unfreeze_every
        if by_layer:
            optimizer_class = layerwise.scaled(optimizer_class)
        optimizer = optimizer_class(rate, **self._options())
        if self.weight_decay:
            small = [v for v in model.trainable_variables if len(v.shape) < 2]
            optimizer.exclude_from_weight_decay(var_list=small)
        optimizer.build(model.trainable_variables)
        if by_layer:
            optimizer.share_out(layerwise.shares(model, layer_decay, unfreeze_every))
        return optimizer

    def _class(self) -> type:
        """The Keras class of this name."""
        import keras

        return {
            name.lower(): cls
            for name, cls in vars(keras.optimizers).items()
            if isinstance(cls, type) and issubclass(cls, keras.optimizers.Optimizer)
        }[self.name]

    def _options(self) -> dict[str, object]:
        """The arguments of the class besides its learning rate."""
        none = 0.0 if self.name == "adamw" else None  # how Keras writes no decay
        options = {"weight_decay": self.weight_decay or none}
        if self.name in ("sgd", "rmsprop"):
            options["momentum"] = self.momentum
        if self.beta_2 is not None:
            options["beta_2"] = self.beta_2
        if self.ema is not None:
            options |= {"use_ema": True, "ema_momentum": self.ema}
        if self.name == "muon":  # of the weights that it leaves to Adam
            options["adam_weight_decay"] = self.weight_decay or none
        return options


@contextlib.contextmanager
def averaged_weights(model, optimizer) -> Iterator[None]:
    """Puts the exponential moving average of the weights, if any, into the model.

    While it is entered; then the model has its own weights again.
    """
    if not optimizer.use_ema:
        yield
        return
    weights = [variable.numpy() for variable in model.trainable_variables]
    averages = optimizer._model_variables_moving_average
    for variable, average in zip(model.trainable_variables, averages, strict=True):
        variable.assign(average)
    try:
        yield
    finally:
        for variable, value in zip(model.trainable_variables, weights, strict=True):
            variable.assign(value)
