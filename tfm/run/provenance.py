"""Provenance of a run: versions of libraries, the commit of the user's project."""

import importlib.metadata
import pathlib
import platform
import subprocess

_LIBRARIES = ("tfm-train", "tensorflow", "keras", "keras-nlp", "numpy", "scikit-learn")
_SECONDS = 2.0  # that git may take


def of(folder: pathlib.Path | None = None) -> dict[str, str]:
    """Versions by name, and commit where the folder is in a git checkout.

    Args:
      folder: of the user's project; None: the working directory.
    """
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for name in _LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    commit = _git(folder, "rev-parse", "HEAD")
    if commit:
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
        found["commit"] = commit + (" and changes" if changed else "")
    return found


def _git(folder: pathlib.Path | None, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
