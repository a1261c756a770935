"""Scores of (set, seed, recipe), kept in one JSON file, a cell on each line."""

import contextlib
import datetime
import fcntl
import functools
import importlib.metadata
import json
import os
import pathlib
import platform
import subprocess
from collections.abc import Iterator
from collections.abc import Mapping

import tfm
from tfm import files

ROOT = pathlib.Path(__file__).parents[1]


class Cells:
    """What is known; several processes may add to one file."""

    def __init__(self, path: pathlib.Path):
        self._path = path
        self.sets, self._cells = _read(path)

    def __iter__(self) -> Iterator[dict]:
        return iter(self._cells.values())

    def find(self, name: str, seed: int, recipe: str) -> dict | None:
        return self._cells.get((name, seed, recipe))

    def is_known(self, name: str, seed: int, recipe: str, digest: str) -> bool:
        """Whether there is a cell that was computed from this very data."""
        cell = self.find(name, seed, recipe)
        return cell is not None and cell["data"] == digest

    def add(
        self,
        name: str,
        seed: int,
        recipe: str,
        facts: Mapping,
        scores: Mapping[str, float],
    ) -> None:
        """Adds a cell to what the file has by now, or takes an old one's place.

        Args:
          facts: those of the data, by data_sets.Split.facts.
          scores: accuracy, macro_f1, cpu_seconds, wall_seconds.
        """
        facts = dict(facts)
        cell = {"set": name, "seed": seed, "recipe": recipe, **scores}
        cell |= {"data": facts.pop("digest"), **provenance()}
        with _alone(self._path.parent):
            self.sets, self._cells = _read(self._path)
            self.sets[name] = facts  # of one seed, the last; they differ little
            self._cells[name, seed, recipe] = cell
            self._write()

    def _write(self) -> None:
        def lines(items: list[str]) -> str:
            return ",\n".join(f"  {item}" for item in items)

        sets = [
            f"{json.dumps(name)}: {json.dumps(facts)}"
            for name, facts in sorted(self.sets.items())
        ]
        cells = [json.dumps(cell) for _, cell in sorted(self._cells.items())]
        with files.replaced(self._path) as partial:
            partial.write_text(
                f'{{\n "sets": {{\n{lines(sets)}\n }},\n'
                f' "cells": [\n{lines(cells)}\n ]\n}}\n'
            )


@functools.cache  # the file that is written makes the checkout another than it was
def provenance() -> dict[str, str]:
    """When this process runs, with what, and on which processor."""
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "tfm": f"{tfm.__version__}{_commit()}",
        "scikit-learn": importlib.metadata.version("scikit-learn"),
        "tensorflow": importlib.metadata.version("tensorflow"),
        "processor": _processor(),
    }


def _read(path: pathlib.Path) -> tuple[dict, dict[tuple, dict]]:
    if not path.exists():
        return {}, {}
    body = json.loads(path.read_text())
    keyed = {
        (cell["set"], cell["seed"], cell["recipe"]): cell for cell in body["cells"]
    }
    return body["sets"], keyed


@contextlib.contextmanager
def _alone(folder: pathlib.Path) -> Iterator[None]:
    """One process at a time; the system ends the lock with its process."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return f" {done.stdout.strip()}" if done.returncode == 0 else ""


def _processor() -> str:
    info = pathlib.Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
