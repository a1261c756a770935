"""Sheets of pictures as a model sees them, with what it says of each. N pictures."""

from collections.abc import Sequence

import numpy as np

from tfm import figures
from tfm import interfaces
from tfm.data import batches


def seen(preprocessor: interfaces.Preprocessor) -> str:
    """The name of the first of its arrays that is a picture, [H, W, 1 or 3]; or ""."""
    for name, spec in getattr(preprocessor, "specs", {}).items():
        if len(spec.shape) == 3 and spec.shape[2] in (1, 3):
            return name
    return ""


def sheet(
    preprocessor: interfaces.Preprocessor,
    split: interfaces.Split,
    places: np.ndarray,
    true: Sequence,
    predicted: Sequence,
    confidences: Sequence[float],
) -> figures.Pictures:
    """Pictures of a split, each under its labels.

    Args:
      preprocessor: one of whose arrays is `seen`.
      split: of it.
      places: int64 [N], in the split.
      true: N labels.
      predicted: N of them.
      confidences: N probabilities.
    """
    taken = split.take(places)
    arrays = {
        name: batches.filled(taken[name], spec)
        for name, spec in preprocessor.stored.items()
    }
    pixels = preprocessor.graph()(arrays, None)[seen(preprocessor)]
    captions = [
        f"{label}\n✗ {guess} {confidence:.2f}"
        for label, guess, confidence in zip(true, predicted, confidences, strict=True)
    ]
    return figures.Pictures(np.asarray(pixels), captions)
