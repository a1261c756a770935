"""A shelf: the folders step-00000120, step-00000140 ... of a run's checkpoints."""

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


def place(shelf: pathlib.Path, step: int) -> pathlib.Path:
    """The folder of this step."""
    return shelf / f"step-{step:08}"


def found(shelf: pathlib.Path) -> dict[int, pathlib.Path]:
    """The folders on the shelf by their steps, oldest first."""
    numbered = re.compile(r"step-(\d{8,})")
    matches = [numbered.fullmatch(path.name) for path in shelf.glob("step-*")]
    return dict(sorted((int(m[1]), shelf / m[0]) for m in matches if m))


def commit(
    write: Callable[[pathlib.Path], None], shelf: pathlib.Path, step: int, keep: int
) -> None:
    """Writes the folder of a step; then, and only then, takes others off the shelf.

    The `keep` newest up to this one stay. Those of later steps belong to a history
    that was left: they were damaged, or training went on from an earlier one.

    Raises:
      UserError: it cannot be written; what was on the shelf still is.
    """
    folder = place(shelf, step)
    try:
        write(folder)
        folders = found(shelf)
        stay = [number for number in folders if number <= step][-keep:]
        for number in folders.keys() - stay:
            bundle.remove(folders[number])
    except (OSError, tf.errors.OpError) as error:
        good = [f"step {number:,}" for number in found(shelf)] or ["none"]
        raise errors.UserError(
            f"The checkpoint {folder} cannot be written: {bundle.reason(error)}. "
            f"The last good one there: {good[-1]}."
        ) from error


def read_newest(
    shelves: Iterable[pathlib.Path],
    read: Callable[[pathlib.Path], Content],
    step: int | None = None,
) -> tuple[pathlib.Path, Content] | None:
    """What `read` gives of the newest folder that is not damaged.

    Damaged ones are told on stderr. The shelves may change meanwhile.

    Args:
      shelves: where to look; the first ones have precedence at the same step.
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
            for shelf in shelves
            for number, path in found(shelf).items()
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
