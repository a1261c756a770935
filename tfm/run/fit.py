"""Fit: an experiment is trained in a run folder, to its end or on from where it was."""

import contextlib
import dataclasses
import time
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence

from tfm import files
from tfm import progress
from tfm.callbacks import history
from tfm.callbacks import own
from tfm.callbacks import profile as profiles
from tfm.callbacks import training_progress
from tfm.distribution import job as jobs
from tfm.run import assembly
from tfm.run import cockpit
from tfm.run import endings
from tfm.run import exit_status
from tfm.run import finishing
from tfm.run import folder as run_folder
from tfm.run import next_steps
from tfm.run import reference
from tfm.run import trainer
from tfm.training import interrupt
from tfm.training import loop
from tfm.training import optimizer as optimizers


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The end of a training.

    Attributes:
      name: "finished", "stopped early", "interrupted" (by Ctrl-C) or "terminated" (by
        SIGTERM or SIGHUP).
      scores: metrics of the best checkpoint by split; empty where it is not finished.
      usage: of the trained model, as 'predict --text="..."'.
      notes: lines for the end: what of the data was not used, how the reference did.
    """

    name: str
    scores: Mapping[str, Mapping[str, float]] = dataclasses.field(default_factory=dict)
    usage: str = ""
    notes: Sequence[str] = ()


def fit(
    experiment,
    folder: run_folder.RunFolder,
    job=None,
    callbacks: Sequence[object] = (),
    with_reference: bool = False,
    profile: Sequence[int] = (),
) -> Outcome:
    """Trains `experiment` in `folder`, on from where an earlier call stopped.

    Args:
      experiment: a tfm.experiment.Experiment.
      folder: begun with this experiment.
      job: a distribution.job.Job; None is one device.
      callbacks: besides those of the experiment; see callbacks.own.
      with_reference: compare a classifier with a simple method; see reference.
      profile: the first and the last update to trace, if any; see callbacks.profile.

    Returns:
      How it ended. Where it finished or stopped early, metrics.json holds the scores
      of the best checkpoint.

    Raises:
      UserError: what in the data or the fields keeps it from training.
    """
    started, used = time.monotonic(), time.process_time()
    job = job or jobs.Job("one")
    callbacks = [own.Own(c) for c in (*experiment.train.callbacks, *callbacks)]
    if not folder.is_prepared():
        job.say("Preparing   the data, once: it is kept with the run")
    with job.chief_first():
        prepared = assembly.prepare(experiment, folder)
    train, num_examples = experiment.train, len(prepared.training_examples)
    job.say("\n".join([*prepared.summary, *train.summary(num_examples)]))
    direction = experiment.task.direction(train.best_metric)
    plan = loop.Plan.of(train, num_examples, direction)
    before = _scores_before(folder)  # every process reads it, then the chief removes it
    run = trainer.build(folder, job, prepared, plan)
    ended = plan.outcome(run.state)
    if ended and _are_of(before, prepared, run):
        return _nothing_left(ended, before, folder, job, plan, run)
    plan = _traced(plan, profile, folder, run, callbacks)
    if job.is_chief:
        folder.train_on()
    job.say("Compiling   the train step")
    outcome = _loop(folder, job, prepared, plan, run, callbacks)
    if outcome in exit_status.UNFINISHED:
        last = f"{outcome.capitalize()} at step {int(run.state.step):,}; all is saved."
        job.say(f"{last}{endings.left_to_do(plan, run)}", is_result=True)
        return Outcome(outcome)
    minutes = f" after {(time.monotonic() - started) / 60:.1f} min"
    end = endings.how(outcome, plan, run, minutes)
    job.say(f"\n{end[0].upper()}{end[1:]}.", is_result=True)
    if outcome == "stopped early":
        job.say(next_steps.train_on(outcome, folder, plan, run))
    job.say("", is_result=True)
    # a fifth of it all, with its own
    budget = (time.process_time() - used) / 4 if with_reference else None
    return _scored(outcome, folder, job, prepared, run, budget, callbacks)


def _traced(plan, profile, folder, run, callbacks: list) -> loop.Plan:
    """The plan with stops for the updates to trace, and one callback more for them."""
    if not profile:
        return plan
    where, step = folder.events / "train", int(run.state.step)
    traced = profiles.Profile(where, *profile, step, plan.total_steps)
    callbacks.append(own.Own(traced))
    return dataclasses.replace(plan, stops=traced.stops)


def _nothing_left(outcome, scores, folder, job, plan, run) -> Outcome:
    """The end of a run that was finished before, as it was."""
    end = endings.how(outcome, plan, run)
    job.say(f"\nNothing is left to train: the run {end}.", is_result=True)
    job.say(f"{next_steps.train_on(outcome, folder, plan, run)}\n")
    notes = _notes(run.prepared, scores)
    return Outcome(outcome, scores, run.prepared.objective.usage, notes)


def _scored(outcome: str, folder, job, prepared, run, budget, own_callbacks) -> Outcome:
    """The end of a training, with the scores of its best checkpoint."""
    with interrupt.Interrupt() as signals:
        try:
            scores = _finish(outcome, folder, job, prepared, run, signals, budget)
        except interrupt.StoppedError:
            outcome = signals.outcome
            said = f"{outcome.capitalize()}; all is saved but the final scores."
            job.say(said, is_result=True)
            return Outcome(outcome)
    if job.is_chief:
        for callback in own_callbacks:
            callback.finished(scores)
    notes = _notes(prepared, scores)
    return Outcome(outcome, scores, prepared.objective.usage, notes)


def _notes(prepared: assembly.Prepared, scores: Mapping) -> list[str]:
    """Lines for the end, beside the scores."""
    left_out = [f"Left out     {line}" for line in prepared.left_out]
    best_metric = prepared.experiment.train.best_metric
    return [*left_out, *reference.compared(scores, best_metric)]


def _loop(folder, job, prepared, plan, run, own_callbacks) -> str:
    """Trains to the end, with a progress line and TensorBoard in the chief."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(run.state)
        callbacks = []
        if job.is_chief:
            shown = cockpit.Cockpit(folder, run, plan, may_write=job.size == 1)
            for callback in own_callbacks:
                callback.begun(folder.path, cockpit.settings(run))
            kept = history.History(folder.history, int(run.state.step))
            line = _progress(prepared, plan, run)
            made = (line, shown.board, kept, *own_callbacks)
            callbacks = [stack.enter_context(callback) for callback in made]

        def evaluate(at_step: int, watch: Callable[[float], None]) -> dict[str, float]:
            scored = run.score("validation", watch)
            if job.is_chief:
                shown.evaluated(at_step, scored)
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


def _progress(prepared, plan, run) -> training_progress.Progress:
    settings = prepared.experiment.train
    return training_progress.Progress(
        plan.total_steps,
        int(run.state.step),
        settings.batch_size,
        len(prepared.training_examples) / settings.batch_size,
        plan.eval_every,
        settings.best_metric,
    )


def _finish(outcome, folder, job, prepared, run, signals, budget) -> dict:
    """The scores of the best checkpoint, by split, written with all else to the end.

    Raises:
      StoppedError: a signal came.
    """
    last_step = int(run.state.step)
    run.state.restore_best()
    best_step = int(run.state.best_step)
    scores = {}

    def watch(share: float) -> None:
        if signals.requested and job.size == 1:
            raise interrupt.StoppedError

    for split in _scored_splits(prepared):
        scored = run.score(split, watch, thorough=True)
        if split == "validation":
            run, scored = finishing.finish(run, scored, folder.fitted, job)
        scores[split] = {"step": best_step} | scored.metrics
        if job.is_chief:
            run.keep(scored, folder, split)
    if job.is_chief:
        if signals.requested and job.size == 1:
            raise interrupt.StoppedError
        if budget is not None:
            scores |= _reference(job, prepared, budget)
        if prepared.experiment.adapt.lora_rank is not None:
            run.save_adapter(folder.adapter)
        averaged = optimizers.averaged_weights(run.model, run.optimizer)
        with averaged, progress.phase("Writing for TensorBoard"):
            cockpit.finish(folder, run, scores, last_step, job.size == 1)
        files.write_json(folder.metrics, scores)
        folder.mark_finished(outcome, last_step)
    return scores


def _reference(job, prepared: assembly.Prepared, budget: float) -> dict:
    """The reference's scores, {"reference": those of test}; none for other kinds."""
    with progress.phase(f"Fitting the reference, {reference.NAME}"):
        found = reference.scores(
            prepared.splits, prepared.columns, prepared.experiment.inputs, budget
        )
    if found is None:
        return {}
    if found.note:
        job.say(f"Reference    {reference.NAME}, {found.note}")
    return reference.as_scores(found)


def _scored_splits(prepared) -> list[str]:
    return [s for s in ("validation", "test") if len(prepared.splits.get(s, ()))]


def _scores_before(folder) -> dict:
    """The scores that a finished run has; empty where it did not finish."""
    if not (folder.finished.is_file() and folder.metrics.is_file()):
        return {}
    return files.read_json(folder.metrics)


def _are_of(scores: dict, prepared, run) -> bool:
    """Whether these are the scores of the best checkpoint."""
    steps = {scores.get(s, {}).get("step") for s in _scored_splits(prepared)}
    return steps == {int(run.state.best_step)}
