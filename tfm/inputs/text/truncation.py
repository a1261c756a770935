"""Truncation: what is cut off texts of more tokens than are read."""

import numpy as np


def cut(row: np.ndarray, length: int, truncate: str) -> np.ndarray:
    """The row without what `Text.truncate` cuts off beyond `length` tokens."""
    if len(row) <= length:
        return row
    if truncate == "end":
        return row[:length]
    if truncate == "start":
        return row[len(row) - length :]
    half = length // 2
    return np.concatenate([row[: length - half], row[len(row) - half :]])
