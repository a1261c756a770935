"""One real step and one evaluation batch, and more steps to measure their time."""

import dataclasses
import itertools
import math
import time
from collections.abc import Mapping

from tfm import errors
from tfm import interfaces
from tfm.preflight import memory
from tfm.preflight import texts

_SECONDS = 3.0  # that steps are measured for, roughly
_MOST = 20  # steps that are measured


@dataclasses.dataclass(frozen=True)
class Step:
    """Training steps that were made.

    Attributes:
      loss: of the first one.
      compiling: seconds of the first one, which traces and compiles.
      seconds: of a later one, the mean.
      measured: how many these were.
      batch_size: examples of a step.
      peak: memory that they took.
      padding: share of a batch's ids that is padding, by array.
    """

    loss: float
    compiling: float
    seconds: float
    measured: int
    batch_size: int
    peak: memory.Peak
    padding: Mapping[str, float]


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """An evaluation batch that was made, twice: the first time it is compiled.

    Attributes:
      seconds: of the second time.
      examples: of the batch.
      metrics: that were computed over it.
    """

    seconds: float
    examples: int
    metrics: int


def train(trainer) -> Step:
    """Makes real steps of a run.trainer.Trainer.

    Raises:
      UserError: the loss of the first one is not a number.
    """
    prepared = trainer.prepared
    iterator = iter(prepared.training_batches(0))
    started = time.perf_counter()
    first = trainer.train_steps(iterator, 1)
    compiling = time.perf_counter() - started
    loss = float(first["loss"][0])
    if not math.isfinite(loss):
        raise errors.UserError(
            "The loss of the first step must be a number: lower "
            f"--optimizer.learning_rate, or look at the data. Got {loss}."
        )
    with memory.Peak() as peak:
        started = time.perf_counter()
        trainer.train_steps(iterator, 1)
        once = time.perf_counter() - started
        count = max(1, min(_MOST, int(_SECONDS / max(once, 1e-3))))
        started = time.perf_counter()
        trainer.train_steps(iterator, count)
        seconds = (time.perf_counter() - started) / count
    size = prepared.experiment.train.batch_size
    batch = next(iter(prepared.training_batches(0)))
    padding = texts.padding(batch, prepared.preprocessor.specs)
    return Step(loss, compiling, seconds, count, size, peak, padding)


def evaluate(trainer) -> Evaluation:
    """Makes one evaluation batch of the validation split, and its metrics."""
    from tfm.data import batches

    prepared = trainer.prepared
    split = prepared.splits["validation"]
    examples = prepared.objective.examples(split, "evaluate")
    found = batches.evaluation(
        examples,
        batch_size=min(prepared.experiment.train.eval_batch_size, len(examples)),
        graph=prepared.preprocessor.graph(),
        stored=prepared.preprocessor.stored,
    )
    batch = list(itertools.islice(found, 1))
    trainer.evaluator.results(batch)
    started = time.perf_counter()
    results = trainer.evaluator.results(batch)
    seconds = time.perf_counter() - started
    metrics = prepared.objective.compute_metrics(results, split).metrics
    return Evaluation(seconds, len(results["row"]), len(metrics))


@dataclasses.dataclass(frozen=True)
class Plan:
    """Steps of the whole training, from what was measured on all or a sample of it.

    Attributes:
      examples: to train on in an epoch.
      validation: examples of an evaluation.
      epoch: steps of one.
      steps: in all.
      evaluations: in all, but for the scores at the end.
      preparation: seconds that reading, learning and encoding the data take.
      is_known: whether the number of examples is known, not that of a sample.
    """

    examples: int
    validation: int
    epoch: int
    steps: int
    evaluations: int
    preparation: float
    is_known: bool

    def seconds(self, step: Step, evaluation: Evaluation) -> float:
        """Of the whole training, at the most: early stopping may end it before."""
        of_one = self.validation * evaluation.seconds / evaluation.examples
        training = step.compiling + self.steps * step.seconds
        return self.preparation + training + (self.evaluations + 2) * of_one


def plan(prepared, sizes, is_sample: bool, seconds: float) -> Plan:
    """The plan of the training.

    Args:
      prepared: a run.assembly.Prepared of all, or of a sample.
      sizes: rows of the splits of the whole data, if known.
      is_sample: whether it is one.
      seconds: that its preparation took.
    """
    train = prepared.experiment.train
    counts = {
        "train": len(prepared.training_examples),
        "validation": len(_validation(prepared)),
    }
    if is_sample and sizes:
        for name, count in counts.items():
            ratio = sizes[name] / len(prepared.splits[name])
            seconds *= ratio if name == "train" else 1.0
            counts[name] = max(1, round(count * ratio))
    examples = counts["train"]
    steps = train.total_steps(examples)
    return Plan(
        examples=examples,
        validation=counts["validation"],
        epoch=max(1, -(-examples // train.batch_size)),
        steps=steps,
        evaluations=-(-steps // train.steps_between_evaluations(examples)),
        preparation=seconds,
        is_known=bool(sizes) or not is_sample,
    )


def _validation(prepared) -> interfaces.Examples:
    return prepared.objective.examples(prepared.splits["validation"], "evaluate")
