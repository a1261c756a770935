"""Notebooks executed in a real Jupyter kernel of another environment."""

import json
import os
import pathlib

import pytest


def execute(
    notebook,
    interpreter: pathlib.Path,
    folder: pathlib.Path,
    patch: pytest.MonkeyPatch,
    allow_errors: bool = False,
) -> None:
    """Runs all cells in `folder` by a kernel of this interpreter.

    Args:
      notebook: an nbformat notebook, whose cells get their outputs.
      interpreter: where tfm and ipykernel are installed.
      folder: which becomes the kernel's.
      patch: undone when the test ends.
      allow_errors: go on behind a cell that raises; else it is raised here.
    """
    import nbclient

    kernel = folder / "kernels" / "installed" / "kernel.json"
    kernel.parent.mkdir(parents=True)
    start = [str(interpreter), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": start, "display_name": "installed", "language": "python"}
    kernel.write_text(json.dumps(spec))
    patch.setenv("JUPYTER_PATH", str(folder))
    patch.delenv("PYTHONPATH", raising=False)
    client = nbclient.NotebookClient(
        notebook,
        kernel_name="installed",
        timeout=300,
        allow_errors=allow_errors,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute(env=os.environ.copy())
