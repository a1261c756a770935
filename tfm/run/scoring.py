"""Scores of a split, and the per-example results that they come from.

evaluation/SPLIT.parquet has a row for each example: row (its place in the split),
source (a hash of the raw row, equal where two runs were asked the same) and what the
objective kept of it.
"""

import dataclasses
import hashlib
import pathlib
import typing
from collections.abc import Callable

from tfm import errors
from tfm import figures
from tfm import files
from tfm import interfaces
from tfm import progress

if typing.TYPE_CHECKING:
    import numpy as np

    from tfm.training import evaluation

_ROWS = 4096  # raw rows that are hashed at a time


@dataclasses.dataclass(frozen=True)
class Scored:
    """An evaluation of a split, with what was kept of each example."""

    evaluation: figures.Evaluation
    results: "dict[str, np.ndarray]"
    split: interfaces.Split

    @property
    def metrics(self) -> dict[str, float]:
        return dict(self.evaluation.metrics)

    def save(self, path: pathlib.Path) -> None:
        """Writes the results of each example as Parquet, whole or not at all."""
        import pyarrow
        from pyarrow import parquet

        columns = {
            "row": self.results["row"],
            "source": _hashes(self.split, self.results["row"]),
        }
        columns |= {
            name: _column(values)
            for name, values in self.results.items()
            if name != "row"
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        with files.replaced(path) as scratch:
            parquet.write_table(pyarrow.table(columns), scratch)


def score(
    evaluator: "evaluation.Evaluator",
    objective: interfaces.Objective,
    preprocessor: interfaces.Preprocessor,
    split: interfaces.Split,
    batch_size: int,
    watch: Callable[[float], None] = lambda share: None,
    thorough: bool = False,
    doing: str = "Evaluating",
) -> Scored:
    """Evaluates a split, each example once.

    Args:
      thorough: whether an objective that can look at more does; see
        interfaces.Thorough.
      watch: called before each batch with the share of the split that is done; what
        it raises ends the evaluation.
      doing: how progress calls it.

    Raises:
      UserError: it has no examples.
    """
    from tfm.data import batches

    if thorough and isinstance(objective, interfaces.Thorough):
        examples = objective.thorough_examples(split)
    else:
        examples = objective.examples(split, "evaluate")
    if not len(examples):
        raise errors.UserError("There must be examples to evaluate. Got none.")
    found = batches.evaluation(
        examples,
        batch_size=batch_size,
        graph=preprocessor.graph(),
        stored=preprocessor.stored,
    )
    num_batches, done = -(-len(examples) // batch_size), 0

    def watch_batches(number: int) -> None:
        nonlocal done
        done = number * batch_size
        watch(number / num_batches)

    with progress.phase(doing, lambda: done, len(examples), "examples"):
        results = evaluator.results(found, watch=watch_batches)
        done = len(examples)
    return Scored(objective.compute_metrics(results, split), results, split)


def _hashes(split: interfaces.Split, rows: "np.ndarray") -> list[str]:
    """A hash of the raw row that each example was made of."""
    import numpy as np

    distinct, places = np.unique(rows, return_inverse=True)
    found = []
    for start in range(0, len(distinct), _ROWS):
        for row in split.rows(distinct[start : start + _ROWS]):
            hasher = hashlib.blake2b(digest_size=16)
            for name in sorted(row):
                value = row[name]
                value = value if isinstance(value, bytes) else repr(value).encode()
                hasher.update(f"{name} {len(value)} ".encode() + value)
            found.append(hasher.hexdigest())
    return [found[place] for place in places.tolist()]


def _column(values: "np.ndarray"):
    """An Arrow column: numbers, or a list for each example."""
    import numpy as np
    import pyarrow

    if values.ndim == 1:
        return pyarrow.array(values)
    flat = pyarrow.array(np.ascontiguousarray(values).reshape(-1))
    for size in reversed(values.shape[1:]):
        flat = pyarrow.FixedSizeListArray.from_arrays(flat, size)
    return flat
