"""Numbers on the host that a checkpoint holds beside the model's variables."""

import numpy as np


class Number:
    """A number on the host, used as a tf.Variable is; no strategy copies it."""

    shape = ()

    def __init__(self, value, dtype: str):
        self.dtype = dtype
        self.assign(value)

    def assign(self, value) -> None:
        self._value = np.array(value, self.dtype)

    def assign_add(self, delta) -> None:
        self.assign(self._value + delta)

    def numpy(self) -> np.ndarray:
        return self._value

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return np.array(self._value, dtype)

    def __int__(self) -> int:
        return int(self._value)

    def __float__(self) -> float:
        return float(self._value)
