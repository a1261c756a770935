"""A folder of named tensors: written whole or not at all, verified when read.

state.index, state.data-*  TensorFlow's tensor bundle, with a CRC-32C of each tensor
state.index.sha256         of the index, which lists the tensors, as sha256sum writes it

A folder is filled under a name that ends in .tmp, and gets its own name by one rename
once all its bytes are on the disk. So a process that is killed at any moment leaves
whole folders, and scratch that the next write clears away.
"""

import contextlib
import hashlib
import os
import pathlib
import shutil
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

INDEX = "state.index"
CHECKSUM = "state.index.sha256"
SCRATCH = ".tmp"


class DamagedError(Exception):
    """A folder is not what was written; the message says in one line how."""


def write(folder: pathlib.Path, tensors: Mapping[str, tf.Tensor]) -> None:
    """Writes `tensors`; where `folder` is there already, in its place.

    Raises:
      OSError, tf.errors.OpError: it could not be written; what was there still is.
    """
    with _filled(folder) as scratch, tf.device("CPU:0"):
        tf.raw_ops.SaveV2(
            prefix=str(scratch / "state"),
            tensor_names=list(tensors),
            shape_and_slices=[""] * len(tensors),
            tensors=list(tensors.values()),
        )
        (scratch / CHECKSUM).write_text(_checksum(scratch))


def link(folder: pathlib.Path, source: pathlib.Path) -> None:
    """Writes the folder `source` under a second name, if possible without a copy."""
    with _filled(folder) as scratch:
        for file in source.iterdir():
            try:
                (scratch / file.name).hardlink_to(file)
            except OSError:  # not every file system has links
                shutil.copyfile(file, scratch / file.name)


def remove(folder: pathlib.Path) -> None:
    """Removes a folder; one that is only half removed has not its name any more."""
    scratch = folder.with_name(f"{folder.name}.old{SCRATCH}")
    folder.rename(scratch)
    shutil.rmtree(scratch, ignore_errors=True)


class Bundle:
    """A written folder, open to be read.

    Args:
      folder: what `write` or `link` wrote.

    Attributes:
      specs: {name: tf.TensorSpec}.

    Raises:
      DamagedError: a file is missing, or its content is not what was written.
    """

    def __init__(self, folder: pathlib.Path):
        with _damage_told():
            if (folder / CHECKSUM).read_bytes() != _checksum(folder).encode():
                raise DamagedError(f"{INDEX} does not match its checksum")
            self._reader = tf.train.load_checkpoint(str(folder / "state"))
        shapes = self._reader.get_variable_to_shape_map()
        dtypes = self._reader.get_variable_to_dtype_map()
        self.specs = {
            name: tf.TensorSpec(shape, dtypes[name]) for name, shape in shapes.items()
        }

    def read(self, names: Iterable[str]) -> dict[str, np.ndarray]:
        """The tensors of these names, each checked against its checksum."""
        with _damage_told():
            return {name: self._reader.get_tensor(name) for name in names}


def reason(error: Exception) -> str:
    """The system's own words, without the file: `No space left on device`."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return _line(error).rpartition("; ")[2]


def _line(error: Exception) -> str:
    """An error's first line, without what TensorFlow adds to it."""
    text = getattr(error, "message", None) or str(error)
    return text.partition(" [Op:")[0].partition("\n")[0].rpartition("}} ")[2]


@contextlib.contextmanager
def _damage_told() -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, IndexError, RuntimeError, tf.errors.OpError) as error:
        raise DamagedError(_line(error)) from error


def _checksum(folder: pathlib.Path) -> str:
    digest = hashlib.sha256((folder / INDEX).read_bytes()).hexdigest()
    return f"{digest}  {INDEX}\n"


@contextlib.contextmanager
def _filled(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """A scratch folder to fill, which becomes `folder` if nothing goes wrong."""
    scratch = folder.with_name(folder.name + SCRATCH)
    try:
        for left in folder.parent.glob(f"*{SCRATCH}"):  # by a process that was killed
            shutil.rmtree(left, ignore_errors=True)
        scratch.mkdir(parents=True)
        yield scratch
        for file in scratch.iterdir():
            _sync(file)
        _sync(scratch)
        if folder.exists():
            remove(folder)
        scratch.rename(folder)
        _sync(folder.parent)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise


def _sync(path: pathlib.Path) -> None:
    """Has the system bring a file, or the names in a folder, to the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
