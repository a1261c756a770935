"""Layers that stay as they are."""

import fnmatch
from collections.abc import Sequence

import keras

from tfm import errors


def freeze(model: keras.Model, patterns: Sequence[str]) -> None:
    """Makes the layers whose name or path matches a pattern untrainable.

    Args:
      model: built.
      patterns: with * and ?, such as embedding, block_* or lstm/forward_0.

    Raises:
      UserError: a pattern that matches no layer with weights, or no weight is left.
    """
    layers = [layer for layer in model._flatten_layers() if layer.weights]
    layers = [layer for layer in layers if layer is not model]
    for pattern in patterns:
        found = [
            layer
            for layer in layers
            if fnmatch.fnmatchcase(layer.name, pattern)
            or fnmatch.fnmatchcase(layer.path, pattern)
        ]
        if not found:
            names = ", ".join(dict.fromkeys(layer.name for layer in layers))
            raise errors.UserError(
                f"train.freeze: no layer matches {pattern!r}. There are {names}."
            )
        for layer in found:
            layer.trainable = False
    if not model.trainable_variables:
        raise errors.UserError(
            f"train.freeze leaves no weight to train. Got {', '.join(patterns)}."
        )
