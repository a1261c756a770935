"""Runs of experiments for the tables of scores: train one, read what it reached."""

import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[1]


def train(name: str, folder: pathlib.Path, *flags: str) -> None:
    """Trains the experiment in `folder`, unless that has been done."""
    subprocess.run(
        [
            sys.executable,
            "-m",
            "tfm.train",
            f"--experiment={name}",
            f"--run_dir={folder}",
            *flags,
        ],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def metric(folder: pathlib.Path, split: str, name: str) -> float:
    """A metric of the best checkpoint, as training left it."""
    return json.loads((folder / "metrics.json").read_text())[split][name]


def minutes(folder: pathlib.Path) -> float:
    """From the vocabulary to the last checkpoint."""
    begun = (folder / "tokenizer" / "tokens.json").stat().st_mtime
    ended = max(path.stat().st_mtime for path in (folder / "checkpoints").rglob("*"))
    return (ended - begun) / 60
