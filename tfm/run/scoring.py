"""Scores of a split, and the per-example results that they come from."""

import dataclasses
import typing
from collections.abc import Callable

from tfm import errors
from tfm import figures
from tfm import interfaces
from tfm import progress

if typing.TYPE_CHECKING:
    import numpy as np

    from tfm.training import evaluation


@dataclasses.dataclass(frozen=True)
class Scored:
    """An evaluation of a split, with what was kept of each example."""

    evaluation: figures.Evaluation
    results: "dict[str, np.ndarray]"
    split: interfaces.Split

    @property
    def metrics(self) -> dict[str, float]:
        return dict(self.evaluation.metrics)


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

    examples = examples_of(objective, split, thorough)
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


def examples_of(
    objective: interfaces.Objective, split: interfaces.Split, thorough: bool = True
) -> interfaces.Examples:
    """The examples that a split is evaluated by; see `score`."""
    if thorough and isinstance(objective, interfaces.Thorough):
        return objective.thorough_examples(split)
    return objective.examples(split, "evaluate")
