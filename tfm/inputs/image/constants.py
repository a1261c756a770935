"""Scales and offsets of channels: a pixel p from 0 to 255 becomes p * scale + offset.

C channels.
"""

from collections.abc import Iterable

import numpy as np

from tfm import interfaces
from tfm.inputs.image import codecs

_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # means and deviations
_GREY = (0.299, 0.587, 0.114)
_PICTURES = 512  # that are measured, spread over
_ROWS = 20_000  # the first rows, at the most
_LEAST = 1e-3  # deviation, of channels that are all one value


def of(
    normalize: str, channels: int, rows: Iterable[interfaces.Row] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """Scale and offset, float32 [C] each.

    Args:
      normalize: see settings.ImageSettings.
      channels: C.
      rows: with "image", for data.
    """
    if normalize == "none":
        means, deviations = np.zeros(channels), np.full(channels, 1 / 255)
    elif normalize == "unit":
        means, deviations = np.zeros(channels), np.ones(channels)
    elif normalize == "signed":
        means = deviations = np.full(channels, 0.5)
    elif normalize == "imagenet":
        means, deviations = map(np.array, _IMAGENET)
        if channels == 1:
            means, deviations = (np.dot(x, _GREY)[None] for x in (means, deviations))
    else:
        means, deviations = measured(rows, channels)
    scale = 1 / (255 * np.maximum(deviations, _LEAST))
    return scale.astype(np.float32), (-means * 255 * scale).astype(np.float32)


def measured(
    rows: Iterable[interfaces.Row], channels: int
) -> tuple[np.ndarray, np.ndarray]:
    """Means and deviations of the channels, float64 [C], of values from 0 to 1.

    Each picture counts alike, whatever its size.
    """
    found = [
        codecs.pixels(codecs.encoded(row["image"]), channels).reshape(-1, channels)
        for row in _sample(rows)
    ]
    if not found:
        return np.full(channels, 0.5), np.full(channels, 0.25)
    means = np.mean([pixels.mean(axis=0) / 255 for pixels in found], axis=0)
    squares = [np.square(pixels / 255.0).mean(axis=0) for pixels in found]
    variance = np.mean(squares, axis=0) - np.square(means)
    return means, np.sqrt(np.maximum(variance, 0))


def _sample(rows: Iterable[interfaces.Row]) -> list[interfaces.Row]:
    """Rows at equal distances."""
    found, step = [], 1
    for number, row in enumerate(rows):
        if number == _ROWS:
            break
        if number % step == 0:
            found.append(row)
        if len(found) == 2 * _PICTURES:
            found, step = found[::2], 2 * step
    return found
