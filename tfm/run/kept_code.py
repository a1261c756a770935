"""The code that a run was trained with, kept in its folder: code/."""

import difflib
import pathlib
import sys

from tfm import errors
from tfm.config import own_code


def keep(folder: pathlib.Path, code: own_code.OwnCode) -> None:
    """Writes the files of a user's own code to code/; those of before are removed."""
    before = load(folder, code.main)
    for name in before.files if before else ():
        (folder / name).unlink(missing_ok=True)
    for name, content in code.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def load(folder: pathlib.Path, main: str) -> own_code.OwnCode | None:
    """The code that lies in code/; None where there is none.

    Args:
      folder: code/.
      main: the stem of the experiment's file.
    """
    paths = sorted(path for path in folder.rglob("*.py") if path.is_file())
    files = {str(path.relative_to(folder)): path.read_bytes() for path in paths}
    if not files:
        return None
    return own_code.OwnCode(folder.resolve(), main, files, kept=True)


def check_same(
    run: pathlib.Path, kept: own_code.OwnCode, now: own_code.OwnCode
) -> None:
    """Whether an experiment's code is still that with which its run was trained.

    Raises:
      UserError: it is not; the difference is printed.
    """
    if kept.files == now.files:
        return
    for name in sorted(kept.files.keys() | now.files.keys()):
        before, after = (
            code.files.get(name, b"").decode("utf-8", "replace").splitlines(True)
            for code in (kept, now)
        )
        lines = difflib.unified_diff(
            before, after, f"{run}/code/{name}", str(now.folder / name)
        )
        sys.stderr.writelines(line.rstrip("\n") + "\n" for line in lines)
    raise errors.UserError(
        f"The code has changed since {run} was begun (above). Give another --run_dir "
        "for a new run, --code=kept to go on with that of the run, or --code=current "
        "to go on with the changed one."
    )
