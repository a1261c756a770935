"""Trust in code that a run brings along: asked for, unless it was trained here.

A run's folder may hold a user's own code, and name classes of any installed module. To
load such a run is to run that code, as with trust_remote_code elsewhere (Keras's
safe_mode keeps lambdas out). The hash of what a run was trained with is kept in the
user's state folder, $XDG_STATE_HOME/tfm: not in the run, which a stranger brings.
"""

import contextlib
import hashlib
import os
import pathlib
from collections.abc import Iterable

from tfm import errors
from tfm.config import own_code


def fingerprint(classes: Iterable[str], code: own_code.OwnCode | None) -> str:
    """A hash of all code that a run's loading runs; empty where there is none."""
    classes = sorted(classes)
    if not classes:
        return ""
    found = hashlib.sha256("\n".join(classes).encode())
    found.update((code.digest if code else "").encode())
    return found.hexdigest()


def remember(print_: str) -> None:
    """Keeps that this user trained with the code here; without a word if it cannot."""
    if print_:
        with contextlib.suppress(OSError):
            _folder().mkdir(parents=True, exist_ok=True)
            (_folder() / print_).touch()


def check(
    run: pathlib.Path,
    classes: Iterable[str],
    code: own_code.OwnCode | None,
    trust_code: bool,
) -> None:
    """Whether the code of a run may run.

    Args:
      run: its folder, for the message.
      classes: those that it names and that are not tfm's.
      code: that it keeps.
      trust_code: whether the user said so.

    Raises:
      UserError: nobody said so, and it was not trained here.
    """
    found = fingerprint(classes, code)
    if not found or trust_code or (_folder() / found).is_file():
        return
    names = sorted(code.files) if code else []
    names += sorted(name for name in classes if not name.startswith("own:"))
    raise errors.UserError(
        f"{run} brings code that would run here ({', '.join(names)}), and was not "
        "trained by you on this machine. If you trust where it is from, give "
        "--trust_code."
    )


def _folder() -> pathlib.Path:
    base = os.environ.get("XDG_STATE_HOME") or pathlib.Path.home() / ".local/state"
    return pathlib.Path(base) / "tfm" / "trained_code"
