"""Memory of a training: exact of its variables, measured of what a step takes beside.

On Linux the peak of the process is told apart from that before (VmHWM is set back);
elsewhere it is that since the process began.
"""

import contextlib
import ctypes
import gc
import math
import pathlib
import resource
import sys
from collections.abc import Iterable
from collections.abc import Mapping

_STATUS = pathlib.Path("/proc/self/status")
_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes


def of_variables(variables: Iterable, sizes: Mapping[int, int] | None = None) -> int:
    """Bytes of the variables' values, each variable once.

    Args:
      variables: of Keras or TensorFlow, or tensors' specs.
      sizes: other sizes of axes, {size: other}, as of a vocabulary that is larger.
    """
    import numpy as np

    distinct = {id(variable): variable for variable in variables}.values()
    total = 0
    for variable in distinct:
        shape = [(sizes or {}).get(size, size) for size in variable.shape]
        dtype = variable.dtype
        name = dtype if isinstance(dtype, str) else dtype.name
        width = 2 if name == "bfloat16" else np.dtype(name).itemsize
        total += math.prod(shape) * width
    return total


def of_trainer(trainer, sizes: Mapping[int, int] | None = None) -> dict[str, int]:
    """Bytes by what they are of, on each replica: weights, gradients, optimizer, other.

    Args:
      trainer: a run.trainer.Trainer.
      sizes: as of `of_variables`.
    """
    model, optimizer = trainer.model, trainer.optimizer
    parts = {
        "weights": model.weights,
        "gradients": model.trainable_variables,
        "optimizer": optimizer.variables,
    }
    return {name: of_variables(own, sizes) for name, own in parts.items()}


class Peak:
    """Memory of steps beside the variables: its growth while this is entered.

    Attributes:
      bytes: the growth, where it was left.
      process: the peak of the whole process.
      where: "GPU", as TensorFlow's allocator counts it, or "process".
    """

    def __enter__(self):
        gc.collect()
        self._gpu = _gpu()
        if self._gpu is None:
            with contextlib.suppress(OSError, AttributeError):
                ctypes.CDLL(None).malloc_trim(0)  # what was freed goes back
            with contextlib.suppress(OSError):
                pathlib.Path("/proc/self/clear_refs").write_text("5")
        self._before = self._now()
        return self

    def __exit__(self, *_):
        self.where = "process" if self._gpu is None else "GPU"
        self.process = _status("VmHWM") or _largest()
        peak = self.process if self._gpu is None else _gpu_bytes(self._gpu, "peak")
        self.bytes = max(0, peak - self._before)

    def _now(self) -> int:
        if self._gpu is not None:
            return _gpu_bytes(self._gpu, "current")
        return _status("VmRSS") or _largest()


def _gpu() -> str | None:
    import tensorflow as tf

    if not tf.config.list_logical_devices("GPU"):
        return None
    tf.config.experimental.reset_memory_stats("GPU:0")
    return "GPU:0"


def _gpu_bytes(device: str, which: str) -> int:
    import tensorflow as tf

    return tf.config.experimental.get_memory_info(device)[which]


def _status(name: str) -> int:
    """A line of the process's status in bytes; 0 where there is none."""
    with contextlib.suppress(OSError):
        for line in _STATUS.read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    return 0


def _largest() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT
