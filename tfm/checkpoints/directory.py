"""Checkpoint directory: the folders step-00000120, step-00000140 ... of a run."""

import pathlib
import re
import sys
import typing
from collections.abc import Callable
from collections.abc import Iterable

import tensorflow as tf

from tfm import errors
from tfm.checkpoints import bundle

Content = typing.TypeVar("Content")


def step_folder(directory: pathlib.Path, step: int) -> pathlib.Path:
    """The folder of this step's checkpoint."""
    return directory / f"step-{step:08}"


def found(directory: pathlib.Path) -> dict[int, pathlib.Path]:
    """The folders of checkpoints by their steps, oldest first."""
    numbered = re.compile(r"step-(\d{8,})")
    matches = [numbered.fullmatch(path.name) for path in directory.glob("step-*")]
    return dict(sorted((int(m[1]), directory / m[0]) for m in matches if m))


def commit(
    write: Callable[[pathlib.Path], None], directory: pathlib.Path, step: int, keep: int
) -> None:
    """Writes the folder of a step; then, and only then, removes others.

    The `keep` newest up to this one stay. Those of later steps belong to a history
    that was left: they were damaged, or training went on from an earlier one.

    Raises:
      UserError: it cannot be written; what was there still is.
    """
    folder = step_folder(directory, step)
    try:
        write(folder)
        folders = found(directory)
        stay = [number for number in folders if number <= step][-keep:]
        for number in folders.keys() - stay:
            bundle.remove(folders[number])
    except (OSError, tf.errors.OpError) as error:
        good = [f"step {number:,}" for number in found(directory)] or ["none"]
        raise errors.UserError(
            f"The checkpoint {folder} cannot be written: {bundle.reason(error)}. "
            f"The last good one there: {good[-1]}."
        ) from error


def read_newest(
    directories: Iterable[pathlib.Path],
    read: Callable[[pathlib.Path], Content],
    step: int | None = None,
) -> tuple[pathlib.Path, Content] | None:
    """The newest folder that is not damaged, and what `read` gives of it.

    Damaged ones are told on stderr. The directories may change meanwhile.

    Args:
      directories: where to look; the first ones have precedence at the same step.
      read: called with a folder; raises bundle.DamagedError.
      step: only of this step.

    Returns:
      The folder and its content, or None where there is no folder.

    Raises:
      UserError: there are folders, but all are damaged.
    """
    tried, damaged = set(), []
    while True:
        left = [
            (number, path)
            for directory in directories
            for number, path in found(directory).items()
            if path not in tried and step in (None, number)
        ]
        if not left:
            break
        folder = max(left, key=lambda numbered: numbered[0])[1]
        tried.add(folder)
        try:
            return folder, read(folder)
        except bundle.DamagedError as error:
            if folder.exists():  # else its run has removed it just now
                damaged.append(folder)
                print(
                    f"warning: The checkpoint {folder} is damaged and passed over: "
                    f"{error}.",
                    file=sys.stderr,
                )
    if damaged:
        raise errors.UserError(
            f"No checkpoint in {damaged[0].parent} can be read: "
            f"all {len(damaged)} are damaged."
        )
    return None
