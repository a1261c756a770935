"""A sheet of pictures as PNG: a row for each, before and after augmentation.

N pictures, H height, W width, C channels.
"""

from collections.abc import Sequence

import numpy as np

_EDGE = 64  # pixels of a picture's shorter edge, at the least
_GAP = 4  # pixels between pictures, white


def png(columns: Sequence[np.ndarray]) -> bytes:
    """The sheet of pictures side by side.

    Args:
      columns: arrays [N, H, W, C] of the same pictures, C 1 or 3; floats from 0 to 1
        (others are scaled by their range), or uint8.
    """
    import tensorflow as tf

    return tf.io.encode_png(arranged([pixels(column) for column in columns])).numpy()


def pixels(pictures_NHWC: np.ndarray) -> np.ndarray:
    """Pictures as uint8."""
    if pictures_NHWC.dtype == np.uint8:
        return pictures_NHWC
    values = pictures_NHWC.astype(np.float64)
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > 1:
        values = (values - low) / max(high - low, 1e-9)
    return np.round(values * 255).astype(np.uint8)


def arranged(columns: Sequence[np.ndarray]) -> np.ndarray:
    """One picture of all, small ones enlarged: a row for each n, a column for each."""
    _, height, width, channels = columns[0].shape
    times = -(-_EDGE // min(height, width))
    tall, wide = height * times + _GAP, width * times + _GAP
    count = len(columns[0])
    shape = (count * tall + _GAP, len(columns) * wide + _GAP, channels)
    found = np.full(shape, 255, np.uint8)
    for place, column in enumerate(columns):
        for n, picture in enumerate(column):
            top, left = n * tall + _GAP, place * wide + _GAP
            large = picture.repeat(times, axis=0).repeat(times, axis=1)
            found[top : top + tall - _GAP, left : left + wide - _GAP] = large
    return found
