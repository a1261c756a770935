"""Files and folders that appear whole or not at all; JSON files of a run."""

import codecs
import contextlib
import json
import os
import pathlib
import shutil
import socket
import tempfile
import typing
from collections.abc import Iterator

from tfm import errors

REPLACEMENT = "tfm.replacement"  # U+FFFD for what UTF-8 has no bytes for
codecs.register_error(
    REPLACEMENT,
    lambda error: ("\ufffd".encode() * (error.end - error.start), error.end),
)


@contextlib.contextmanager
def whole(final: pathlib.Path, replace: bool = False) -> Iterator[pathlib.Path]:
    """Gives a folder to fill, which becomes `final` in one step when all went well.

    What a killed process left behind is removed by the next one on its machine.

    Args:
      final: the folder, which must be empty or not be there.
      replace: take a folder's place that is there, once all went well.

    Raises:
      UserError: something else is there.
    """
    in_the_way = final.exists() and not (final.is_dir() and replace)
    if in_the_way and (not final.is_dir() or any(final.iterdir())):
        raise errors.UserError(
            f"{final} is in the way: it is not prepared data. Move it elsewhere."
        )
    final.parent.mkdir(parents=True, exist_ok=True)
    host = socket.gethostname()
    for left_over in final.parent.glob(f"{final.name}.partial-{host}-*"):
        if not _is_alive(int(left_over.name.rpartition("-")[2])):
            shutil.rmtree(left_over, ignore_errors=True)
    partial = final.with_name(f"{final.name}.partial-{host}-{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        yield partial
        if replace and final.exists():
            before = partial / ".replaced"
            final.rename(before)
            shutil.rmtree(before)
        try:
            partial.rename(final)
        except OSError as error:
            raise errors.UserError(
                f"{final} was prepared by another process meanwhile. Start again."
            ) from error
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


@contextlib.contextmanager
def scratch(source: str) -> Iterator[pathlib.Path]:
    """A folder for what is made of a source, and removed again.

    Raises:
      UserError: there is no room in it; told of the source, as nobody knows the folder.
    """
    folder = pathlib.Path(tempfile.gettempdir())
    try:
        with tempfile.TemporaryDirectory(prefix="tfm_") as name:
            folder = pathlib.Path(name)
            yield folder
    except OSError as error:
        if not str(error.filename or "").startswith(str(folder)):
            raise
        raise errors.UserError(
            f"What is prepared of {source} cannot be written: {error.strerror}. "
            "Set TMPDIR to a folder with room."
        ) from None


def cache() -> pathlib.Path:
    """The user's cache of tfm's: $XDG_CACHE_HOME/tfm, by default ~/.cache/tfm."""
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "tfm"


MARKER = "tfm.json"  # in a folder that tfm made


def claim(folder: pathlib.Path, otherwise: str) -> None:
    """Makes a folder, or finds it tfm's own; done before anything else in it.

    Only a marker that tfm wrote makes a folder its own: names such as data/ or
    config.json are other programs' too.

    Args:
      folder: which may be there, empty.
      otherwise: what to say of another program's: it "holds no run of tfm".

    Raises:
      UserError: another program's files are there.
      OSError: it cannot be written.
    """
    if (folder / MARKER).is_file():
        return
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise errors.UserError(f"{folder} is not empty and {otherwise}.")
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / MARKER, {"made_by": "tfm"})


def write_json(path: pathlib.Path, body) -> None:
    """Writes a JSON file in one move, so that it is never half there."""
    scratch = path.with_name(f"{path.name}.tmp-{os.getpid()}")
    text = json.dumps(body, indent=2, ensure_ascii=False)
    scratch.write_text(text + "\n", encoding="utf-8")
    scratch.replace(path)


def read_json(path: pathlib.Path):
    """The content of a JSON file; UserError where it is damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise errors.UserError(f"{path} cannot be read: {error}.") from None


@contextlib.contextmanager
def replaced(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """A path to write a file at, which takes the place of `path` when all went well.

    Raises:
      UserError: it cannot be written.
    """
    scratch = path.with_name(f"{path.name}.tmp-{os.getpid()}")
    try:
        yield scratch
        scratch.replace(path)
    except OSError as error:
        raise errors.UserError(f"{path} cannot be written: {error.strerror}.") from None
    finally:
        scratch.unlink(missing_ok=True)


@contextlib.contextmanager
def created(path: pathlib.Path) -> Iterator[typing.TextIO]:
    """A new text file that takes its name when all is written."""
    with (
        replaced(path) as scratch,
        scratch.open("w", encoding="utf-8", errors=REPLACEMENT, newline="") as file,
    ):
        yield file


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
