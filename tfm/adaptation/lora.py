"""Low-rank adapters: the backbone stays as it is, small matrices beside it learn.

A kernel K of width D x E becomes K + A B, A of D x rank and B of rank x E, and only A
and B are trained (Hu et al. 2021, arXiv:2106.09685). B begins as zeros, so the model
does too. The head is trained whole.

adapter.npz   what was trained: each A and B, and the head, by name
adapter.json  the rank, the targets, and what the adapter belongs on
"""

import json
import pathlib
from collections.abc import Sequence

import keras
import numpy as np

from tfm import errors
from tfm.adaptation import groups

WEIGHTS, ABOUT = "adapter.npz", "adapter.json"


def enable(model: keras.Model, rank: int, targets: Sequence[str]) -> None:
    """Freezes the backbone and puts adapters on its layers that match a pattern.

    Layers that were frozen before get none.

    Args:
      model: built; made in a strategy's scope, this must be called in it too.
      rank: of the adapters.
      targets: names or paths of dense or embedding layers, or of layers that hold
        some, with * and ?.

    Raises:
      UserError: a pattern without a layer that can have an adapter.
    """
    under = {
        id(layer)
        for top in groups.backbone_layers(model)
        for layer in top._flatten_layers()
    }
    found = groups.matching(
        model,
        targets,
        "adapt.lora_targets",
        fits=lambda layer: id(layer) in under and bool(_adaptable(layer)),
    )
    inner = {id(part): part for layer in found for part in _adaptable(layer)}
    trainable = [layer for layer in inner.values() if layer.trainable]
    if not trainable:
        raise errors.UserError(
            "adapt.freeze leaves nothing of adapt.lora_targets to adapt. "
            f"Got lora_targets={','.join(targets)}."
        )
    for variable in groups.backbone_variables(model):
        variable.trainable = False
    for layer in trainable:
        layer.enable_lora(rank)


def report(model: keras.Model) -> str:
    """A line for a human: the adapters, and how small a share is trained."""
    found = _adapted(model)
    return (
        f"Adapters    rank {found[0].lora_rank} on {len(found)} layers; "
        f"trains {share(model)}"
    )


def share(model: keras.Model) -> str:
    """How much of a model is trained, as "0.9 % of 22.7 M weights"."""
    trained = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    total = model.count_params()
    percent = 100 * trained / total
    shown = f"{percent:.2g}" if percent < 10 else f"{percent:.0f}"
    return f"{shown} % of {_round(total)} weights"


def merge(model: keras.Model) -> None:
    """Adds each adapter to its kernel and takes it away; the outputs stay the same.

    What is left is a model as it was without adapters.
    """
    for layer in _adapted(model):
        kernel, a, b = _parts(layer)
        scale = layer.lora_alpha / layer.lora_rank
        kernel.assign(kernel.numpy() + scale * (a.numpy() @ b.numpy()))
        layer.lora_enabled = False
        layer.lora_rank = layer.lora_alpha = None
        layer._untrack_variable(a)
        layer._untrack_variable(b)


def save(
    model: keras.Model, folder: pathlib.Path, targets: Sequence[str], base: str
) -> None:
    """Writes what was trained, without the backbone.

    Args:
      model: with adapters.
      folder: gets adapter.npz and adapter.json.
      targets: as `enable` was given them.
      base: what the adapter belongs on, for a human: a run folder or preset.
    """
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / WEIGHTS, **{v.path: v.numpy() for v in model.trainable_variables})
    rank = _adapted(model)[0].lora_rank
    about = {"rank": rank, "targets": list(targets), "base": base}
    (folder / ABOUT).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


def load(model: keras.Model, folder: pathlib.Path) -> None:
    """Puts a saved adapter, and the head that was trained with it, on a model.

    Args:
      model: with the backbone's weights, and with no adapters.
      folder: what `save` wrote.

    Raises:
      UserError: there is no adapter, or it is of another model.
    """
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        with np.load(folder / WEIGHTS) as file:
            values = dict(file)
    except (OSError, ValueError) as error:
        raise errors.UserError(f"{folder} holds no adapter: {error}.") from None
    enable(model, about["rank"], about["targets"])
    variables = {v.path: v for v in model.trainable_variables}
    shapes = {path: tuple(v.shape) for path, v in variables.items()}
    if shapes != {path: value.shape for path, value in values.items()}:
        raise errors.UserError(
            f"The adapter {folder} is of another model, which began as {about['base']}."
        )
    for path, value in values.items():
        variables[path].assign(value)


def _adaptable(layer) -> list[keras.layers.Layer]:
    """Dense and embedding layers in a layer, itself too."""
    inner = [layer for layer in layer._flatten_layers() if layer.weights]
    return [layer for layer in inner if hasattr(layer, "enable_lora")]


def _adapted(model) -> list[keras.layers.Layer]:
    layers = model._flatten_layers()
    return [layer for layer in layers if getattr(layer, "lora_enabled", False)]


def _parts(layer):
    """The variables of a layer's kernel, A and B."""
    if isinstance(layer, keras.layers.Embedding):
        return layer._embeddings, layer.lora_embeddings_a, layer.lora_embeddings_b
    return layer._kernel, layer.lora_kernel_a, layer.lora_kernel_b


def _round(number: int) -> str:
    if number < 1_000_000:
        return f"{number:,}"
    return f"{number / 1e6:.1f} M"
