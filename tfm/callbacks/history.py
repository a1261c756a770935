"""History of a run: what was logged and evaluated, a line each, in history.jsonl."""

import json
import pathlib
from collections.abc import Mapping

from tfm import files


class History:
    """Keeps every logged scalar and every evaluation of a run.

    Where training goes on from a checkpoint, lines of later steps are dropped: what
    happened after it happens again.

    Args:
      path: history.jsonl.
      first_step: of the checkpoint that training goes on from, 0 for a new run.
    """

    def __init__(self, path: pathlib.Path, first_step: int):
        self._path = path
        lines = [row for row in read(path) if row["step"] <= first_step]
        with files.created(path) as file:
            file.writelines(json.dumps(row) + "\n" for row in lines)

    def __enter__(self):
        return self

    def __exit__(self, *_): ...

    def progress(self, step, step_metrics, seconds):
        """Nothing: what is logged is kept."""

    def logged(self, step: int, scalars: Mapping[str, float]):
        self._add({"step": step, "split": "train", **scalars})

    def evaluating(self, step: int, share: float):
        """Nothing: what comes of it is kept."""

    def warned(self, step: int, message: str):
        self._add({"step": step, "split": "train", "warning": message})

    def evaluated(self, step: int, metrics: Mapping[str, float], is_best: bool):
        best = {"is_best": bool(is_best)}
        self._add({"step": step, "split": "validation", **metrics, **best})

    def _add(self, row: dict) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def read(path: pathlib.Path) -> list[dict]:
    """The lines as dicts: step, split (train or validation) and the values."""
    if not path.is_file():
        return []
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:  # a process was killed in the middle of it
            continue
    return rows
