"""Low-rank adapters (LoRA): parameter-efficient fine-tuning by small matrices.

A kernel K of width D x E becomes K + alpha / rank A B, A of D x rank and B of rank x E,
and only A and B are trained (Hu et al. 2021, arXiv:2106.09685). B begins as zeros, so
the model does too. The head is trained whole.

adapter.npz   what was trained: each A and B, and the head, by name
adapter.json  rank, alpha and targets, and what the adapter belongs on
"""

import pathlib
from collections.abc import Sequence

import keras
import numpy as np

from tfm import errors
from tfm import files
from tfm.adaptation import groups
from tfm.checkpoints import naming

WEIGHTS, ABOUT = "adapter.npz", "adapter.json"


def enable(
    model: keras.Model, rank: int, targets: Sequence[str], alpha: float | None = None
) -> None:
    """Freezes the backbone and puts adapters on its layers that match a pattern.

    Layers that were frozen before get none.

    Args:
      model: built; made in a strategy's scope, this must be called in it too.
      rank: of the adapters.
      targets: names or paths of dense or embedding layers, or of layers that hold
        some, with * and ?.
      alpha: the adapters count alpha / rank times; None: once.

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
        layer.enable_lora(rank, lora_alpha=alpha)


def report(model: keras.Model) -> str:
    """A line for a human: the adapters, and how small a share is trained."""
    found = _adapted(model)
    return (
        f"Adapters    rank {found[0].lora_rank} on {len(found)} layers; "
        f"trains {share(model)}"
    )


def share(model: keras.Model) -> str:
    """The share of a model's weights that is trained: "0.9 % of 22.7 M weights"."""
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
        parts = (kernel.numpy(), a.numpy(), b.numpy())
        kernel.assign(merged(*parts, layer.lora_alpha))
        layer.lora_enabled = False
        layer.lora_rank = layer.lora_alpha = None
        layer._untrack_variable(a)
        layer._untrack_variable(b)


def merged(
    kernel: np.ndarray, a: np.ndarray, b: np.ndarray, alpha: float
) -> np.ndarray:
    """A kernel [D, E] with its adapter A [D, rank] and B [rank, E] added to it."""
    return kernel + float(alpha) / a.shape[-1] * (a @ b)


def save(
    model: keras.Model, folder: pathlib.Path, targets: Sequence[str], base: str
) -> None:
    """Writes what was trained, without the backbone: the folder whole, or nothing.

    What an earlier call wrote is replaced.

    Args:
      model: with adapters.
      folder: gets adapter.npz and adapter.json.
      targets: as `enable` was given them.
      base: what the adapter belongs on, for a human: a run folder or preset.
    """
    layer = _adapted(model)[0]
    about = {"rank": layer.lora_rank, "alpha": layer.lora_alpha}
    about |= {"targets": list(targets), "base": base}
    values = {v.path: v.numpy() for v in model.trainable_variables}
    with files.whole(folder, replace=True) as partial:
        np.savez(partial / WEIGHTS, **values)
        files.write_json(partial / ABOUT, about)


def _adaptable(layer) -> list[keras.layers.Layer]:
    """Dense and embedding layers in a layer, itself too."""
    inner = [layer for layer in layer._flatten_layers() if layer.weights]
    return [layer for layer in inner if hasattr(layer, "enable_lora")]


def _adapted(model) -> list[keras.layers.Layer]:
    layers = model._flatten_layers()
    return [layer for layer in layers if getattr(layer, "lora_enabled", False)]


def _parts(layer):
    """The variables of a layer's kernel, A and B."""
    kernel = naming.adapted_kernel(layer)
    if isinstance(layer, keras.layers.Embedding):
        return kernel, layer.lora_embeddings_a, layer.lora_embeddings_b
    return kernel, layer.lora_kernel_a, layer.lora_kernel_b


def _round(number: int) -> str:
    if number < 1_000_000:
        return f"{number:,}"
    return f"{number / 1e6:.1f} M"
