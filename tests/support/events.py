"""What a run wrote for TensorBoard."""

import contextlib
import pathlib
from collections.abc import Iterator

import tensorflow as tf


def read(folder: pathlib.Path) -> Iterator[tuple[int, object]]:
    """Each value with its step, of all files in the folder.

    TensorFlow warns that its reader is deprecated.
    """
    for path in sorted(folder.glob("events.*")):
        # a process that was killed may have left half a record at the end
        with contextlib.suppress(tf.errors.DataLossError):
            for event in tf.compat.v1.train.summary_iterator(str(path)):
                for value in event.summary.value:
                    yield event.step, value


def scalars(folder: pathlib.Path) -> Iterator[tuple[int, str, float]]:
    """Step, name and value of each scalar."""
    for step, value in read(folder):
        is_scalar = not value.tensor.tensor_shape.dim
        if is_scalar and value.tensor.dtype == tf.float32.as_datatype_enum:
            yield step, value.tag, float(tf.make_ndarray(value.tensor))
