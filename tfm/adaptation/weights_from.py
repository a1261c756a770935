"""Transfer of weights from one model to another, by name and shape.

A name is a variable's path without the numbers by which Keras tells apart the layers of
one process, which are others in each.
"""

import collections
import dataclasses
import pathlib
import re
from collections.abc import Iterable
from collections.abc import Mapping

import keras
import numpy as np

from tfm import errors
from tfm.adaptation import groups
from tfm.adaptation import lora
from tfm.checkpoints import bundle
from tfm.checkpoints import directory
from tfm.checkpoints import naming

SHOWN = 8  # names of weights in a line
_ADAPTER = re.compile(r"lora_(kernel|embeddings)_[ab]$")


@dataclasses.dataclass(frozen=True)
class Report:
    """The weights that were loaded, those that are new, and the source's others."""

    source: str  # as "runs/bert (step 2,000)"
    loaded: tuple[str, ...]
    new: tuple[str, ...]
    left: tuple[str, ...]
    notes: tuple[str, ...] = ()  # what was changed on the way

    def lines(self) -> list[str]:
        """For a human."""
        notes = "".join(f"; {note}" for note in self.notes)
        lines = [f"Loaded      {len(self.loaded)} weights of {self.source}{notes}"]
        if self.new:
            lines.append(f"  new       {_listed(self.new)}")
        if self.left:
            lines.append(f"  left      {_listed(self.left)}")
        return lines


def from_run(model: keras.Model, checkpoints: pathlib.Path, source: str) -> Report:
    """Loads the weights of a run's best checkpoint, else of its newest.

    Moving averages are taken where they were kept. Adapters are added to the kernels
    that they are of.

    Args:
      model: built.
      checkpoints: the run's folder of last/ and best/.
      source: the run, as messages name it.

    Raises:
      UserError: there is no checkpoint, or the weights are of other shapes.
    """
    for kind in ("best", "last"):
        found = directory.read_newest(
            [checkpoints / kind], lambda folder: _from_bundle(model, folder, source)
        )
        if found is not None:
            break
    else:
        raise errors.UserError(f"{source} has no checkpoint to take weights from yet.")
    folder, (matched, values) = found
    step = int(folder.name.rpartition("-")[2])
    _assign(matched, values)
    return matched.report(f"{source} (step {step:,})")


def from_model(model: keras.Model, other: keras.Model, source: str) -> Report:
    """Loads the weights of another model, as a published one; see `from_run`."""
    variables = naming.named("weights", other.weights) | naming.named_alphas(other)
    matched = _match(model, _listed_weights(variables), source)
    _assign(matched, {key: variables[key].numpy() for key in matched.needed()})
    return matched.report(source)


@dataclasses.dataclass
class _Match:
    """Variables with the tensors of the source that they become."""

    # each variable with the key of its tensor; of its kernel, adapter A, B and alpha
    pairs: list[tuple[keras.Variable, tuple[str, ...]]]
    new: list[str]
    left: list[str]
    notes: list[str]

    def needed(self) -> list[str]:
        return [key for _, keys in self.pairs for key in keys]

    def report(self, source: str) -> Report:
        loaded = tuple(variable.path for variable, _ in self.pairs)
        rest = (tuple(self.new), tuple(self.left), tuple(self.notes))
        return Report(source, loaded, *rest)


def _from_bundle(model, folder: pathlib.Path, source: str):
    """The match of a checkpoint, and the values that it needs and no others."""
    opened = bundle.Bundle(folder)
    matched = _match(model, _listed_weights(opened.specs), source)
    tensors = {}
    for name in matched.needed():
        average = naming.average_of(name)
        tensors[name] = average if average in opened.specs else name
    values = opened.read(tensors.values())
    return matched, {name: values[tensor] for name, tensor in tensors.items()}


def _listed_weights(specs: Mapping) -> list[tuple[str, str, tuple[int, ...]]]:
    """Key, path and shape of each weight among named variables or tensors."""
    names = sorted(name for name in specs if name.startswith("weights/"))
    return [(n, n.partition(":")[2], tuple(specs[n].shape)) for n in names]


def _match(
    model: keras.Model, there: list[tuple[str, str, tuple[int, ...]]], source: str
) -> _Match:
    """Finds each variable of the model among the source's key, path and shape.

    Raises:
      UserError: nothing is found, or a shape cannot be made to fit.
    """
    autonamed = {_auto_name(layer) for layer in model._flatten_layers()}
    adapters, waiting = {}, collections.defaultdict(collections.deque)
    for key, path, shape in there:
        family = _family(path, autonamed)
        if _ADAPTER.search(family):
            adapters[family] = key
        else:
            waiting[family].append((key, path, shape))
    backbone = {id(v) for v in groups.backbone_variables(model)}
    matched = _Match([], [], [], [])
    for variable in model.weights:
        family, here = _family(variable.path, autonamed), tuple(variable.shape)
        key, _, shape = waiting[family][0] if waiting[family] else (None, None, None)
        # a head may be for other labels
        if key is None or (shape != here and id(variable) not in backbone):
            if not _ADAPTER.search(family):
                matched.new.append(variable.path)
            continue
        if shape != here:
            matched.notes.append(_cut(family, shape, here, source))
        waiting[family].popleft()
        adapter = [adapters[name] for name in _pair(family) if name in adapters]
        if adapter:
            adapter.append(naming.alpha_of(key))
        matched.pairs.append((variable, (key, *adapter)))
    if not matched.pairs:
        raise errors.UserError(
            f"{source} has no weight that this model has too: it is another model. "
            f"There {_listed([path for _, path, _ in there])}; "
            f"here {_listed([v.path for v in model.weights])}."
        )
    added = sum(len(keys) > 1 for _, keys in matched.pairs)
    if added:
        matched.notes.append(f"adapters of {added} layers added to them")
    matched.left = [path for rest in waiting.values() for _, path, _ in rest]
    return matched


def _assign(matched: _Match, values: Mapping[str, np.ndarray]) -> None:
    for variable, (key, *adapter) in matched.pairs:
        value = values[key]
        if adapter:
            value = lora.merged(value, *(values[name] for name in adapter))
        variable.assign(value[tuple(slice(size) for size in variable.shape)])


def _auto_name(layer: keras.layers.Layer) -> str:
    """The name that Keras gives a layer of this class, before the number."""
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", type(layer).__name__)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _family(path: str, autonamed: set[str]) -> str:
    """The path without Keras's numbers, which only layers without a name have."""
    parts = []
    for part in path.split("/"):
        stem = re.sub(r"_\d+$", "", part)
        parts.append(stem if stem in autonamed else part)
    return "/".join(parts)


def _pair(path: str) -> tuple[str, str]:
    """The paths of the adapter A and B of a kernel or embedding table."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/lora_{name}_a", f"{folder}/lora_{name}_b"


def _cut(path: str, there: tuple, here: tuple, source: str) -> str:
    """A note on what is cut off; UserError where a shape cannot be made to fit."""
    shapes = f"{_shown(there)} there, {_shown(here)} here"
    if path.endswith("embeddings") and there[1:] == here[1:]:
        if "position" not in path:
            raise errors.UserError(
                f"The vocabulary of {source} is another one: {path} is {shapes}. "
                "The token ids must be the same ones."
            )
        if there[0] < here[0]:
            raise errors.UserError(
                f"{source} knows {there[0]:,} positions at the most: {path} is "
                f"{shapes}. Give --inputs.max_length={there[0]} or less."
            )
        return f"{path} cut from {there[0]:,} to {here[0]:,}"
    raise errors.UserError(
        f"The widths of {source} are others: {path} is {shapes}. "
        "The model's fields must be the same ones."
    )


def _shown(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
