"""Fit: an experiment is trained in a run folder, to its end or on from where it was."""

import contextlib
import dataclasses
import time
from collections.abc import Mapping

from tfm import files
from tfm.callbacks import progress
from tfm.callbacks import tensorboard
from tfm.distribution import job as jobs
from tfm.run import assembly
from tfm.run import exit_status
from tfm.run import folder as run_folder
from tfm.run import trainer
from tfm.training import early_stopping
from tfm.training import loop


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The end of a training.

    Attributes:
      name: "finished", "stopped early", "interrupted" (by Ctrl-C) or "terminated" (by
        SIGTERM).
      scores: metrics of the best checkpoint by split; empty where it is not finished.
      usage: of the trained model, as 'predict --text="..."'.
    """

    name: str
    scores: Mapping[str, Mapping[str, float]] = dataclasses.field(default_factory=dict)
    usage: str = ""


def fit(experiment, folder: run_folder.RunFolder, job=None) -> Outcome:
    """Trains `experiment` in `folder`, on from where an earlier call stopped.

    Args:
      experiment: a tfm.experiment.Experiment.
      folder: begun with this experiment.
      job: a distribution.job.Job; None is one device.

    Returns:
      How it ended. Where it finished or stopped early, metrics.json holds the scores
      of the best checkpoint.

    Raises:
      UserError: what in the data or the fields keeps it from training.
    """
    started = time.monotonic()
    job = job or jobs.Job("one")
    with job.chief_first():
        prepared = assembly.prepare(experiment, folder)
    job.say("\n".join(prepared.summary))
    plan = loop.Plan.of(
        experiment.train,
        len(prepared.training_examples),
        experiment.task.direction(experiment.train.best_metric),
    )
    run = trainer.build(folder, job, prepared, plan)
    outcome = _loop(folder, job, prepared, plan, run)
    last_step = int(run.state.step)
    if outcome in exit_status.UNFINISHED:
        job.say(f"{outcome.capitalize()} at step {last_step:,}; all is saved.")
        return Outcome(outcome)
    run.state.restore_best()
    best_step = int(run.state.best_step)
    by = early_stopping.chosen_by(plan.best_metric, run.state)
    minutes = (time.monotonic() - started) / 60
    job.say(
        f"\n{outcome.capitalize()} at step {last_step:,} after {minutes:.1f} min; "
        f"best at step {best_step:,} by validation {by}.\n"
    )
    scores = {}
    for split in ("validation", "test"):
        if len(prepared.splits.get(split, ())):
            scored = run.score(split)
            scores[split] = {"step": best_step} | scored.metrics
            if job.is_chief:
                scored.save(folder.evaluation / f"{split}.parquet")
    if job.is_chief:
        if experiment.adapt.lora_rank is not None:
            run.save_adapter(folder.adapter)
        files.write_json(folder.metrics, scores)
        folder.mark_finished(outcome, last_step)
    return Outcome(outcome, scores, prepared.objective.usage)


def _loop(folder, job, prepared, plan, run) -> str:
    """Trains to the end, with a progress line and TensorBoard in the chief."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(run.state)
        callbacks = []
        if job.is_chief:
            made = _callbacks(folder, prepared, plan, run)
            callbacks = [stack.enter_context(callback) for callback in made]

        def evaluate(at_step: int) -> dict[str, float]:
            scored = run.score("validation")
            if job.is_chief:
                _, board = callbacks
                board.figures(at_step, scored.evaluation.figures)
            return scored.metrics

        def note_skipped(batch: int) -> str:
            return folder.note_skipped(batch, prepared.batch_origins(batch))

        return loop.Loop(
            plan,
            run.train_steps,
            lambda first: prepared.training_batches(first, job.number, job.size),
            evaluate,
            run.state,
            callbacks,
            on_skipped=note_skipped if job.is_chief else str,
            same_chunks=job.size > 1,
        ).run()


def _callbacks(folder, prepared, plan, run):
    settings = prepared.experiment.train
    line = progress.Progress(
        plan.total_steps,
        int(run.state.step),
        settings.batch_size,
        len(prepared.training_examples) / settings.batch_size,
        settings.best_metric,
    )
    board = tensorboard.TensorBoard(
        folder.events, run.model, settings.batch_size, settings.histograms
    )
    board.configuration(folder.config.read_text(encoding="utf-8"))
    return line, board
