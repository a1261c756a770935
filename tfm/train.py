"""Trains an experiment: python -m tfm.train --experiment=text_cls."""

import contextlib
import dataclasses
import pathlib
import shlex
import time
import typing
from collections.abc import Callable
from collections.abc import Mapping

import numpy as np

from tfm import config
from tfm import errors
from tfm import lock
from tfm import run_folder

SHOWN_EXAMPLES = 20  # validation texts with predictions in TensorBoard
# of a run that is not finished
STATUS = {"interrupted": errors.INTERRUPTED, "terminated": errors.PREEMPTED}


@dataclasses.dataclass(frozen=True)
class Options:
    """python -m tfm.train --experiment=NAME [--run_dir=DIR] [--FIELD=VALUE ...]

    Trains, evaluates, and leaves a run folder. Run it again to go on where it
    stopped; --run_dir alone is enough for that.
    """

    experiment: str = ""  # a name that --list shows, or the path of a .py file
    run_dir: str = ""  # where the run is kept; by default runs/EXPERIMENT
    # where it runs; auto goes by the hardware, TF_CONFIG and Slurm
    strategy: typing.Literal["auto", "one", "mirrored", "multi_worker", "tpu"] = "auto"
    logical_devices: int = 0  # cut the CPU into so many devices, to try replicas
    deterministic: bool = False  # the same run twice is equal to the bit; slower


def base_experiment(options: Options):
    """The experiment that the options name, or that lies in their run folder."""
    if options.experiment:
        return config.load_experiment(options.experiment)
    if options.run_dir:
        folder = run_folder.RunFolder(options.run_dir)
        if not folder.exists():
            raise errors.UserError(
                f"There is no run in {folder.path} to go on with. "
                "Give --experiment=NAME to begin one; --list shows them all."
            )
        return folder.experiment()
    return None


def main(options: Options, experiment, changed: Mapping[str, object]) -> int:
    name = options.experiment
    default = pathlib.Path("runs") / pathlib.Path(name).stem
    folder = run_folder.RunFolder(options.run_dir or default)
    job = start_job(options)
    with lock.RunLock(folder.path, job.is_chief):
        if job.is_chief:
            resumes = folder.begin(name, experiment, changed)
            job.say(f"{'Resuming in' if resumes else 'Run folder'}  {folder.path}")
        outcome = train(experiment, folder, job)
    if outcome in STATUS:
        job.say(f"Go on with  python -m tfm.train --run_dir={_quoted(folder)}")
    return STATUS.get(outcome, 0)


def start_job(options: Options):
    """The training.job.Job that the options ask for; imports TensorFlow."""
    if options.logical_devices < 0:
        raise errors.UserError(
            f"--logical_devices takes 0 or more. Got {options.logical_devices}."
        )
    from tfm import quiet_start

    quiet_start.import_tensorflow()
    from tfm.training import job

    return job.Job(options.strategy, options.logical_devices, options.deterministic)


def train(experiment, folder: run_folder.RunFolder, job=None) -> str:
    """Trains `experiment` in `folder`, on from where an earlier call stopped.

    Args:
      experiment: a tfm.experiment.Experiment.
      folder: begun with this experiment.
      job: see start_job; None is one device.

    Returns:
      "finished", "stopped early", "interrupted" or "terminated". After the first two,
      metrics.json holds the scores of the best checkpoint.

    Raises:
      UserError: what in the data or the fields keeps it from training.
    """
    started = time.monotonic()
    job = job or start_job(Options(strategy="one"))
    from tfm import pipeline

    with job.chief_first():
        prepared = pipeline.prepare(experiment, folder)
    job.say("\n".join(prepared.records.report()))

    from tfm.training import loop

    num_examples = len(prepared.records.splits["train"])
    plan = loop.Plan.of(experiment.train, num_examples)
    run = _build(experiment, folder, job, prepared, plan)
    outcome = _loop(experiment, folder, job, prepared, plan, run)
    if outcome in STATUS:
        step = int(run.state.step)
        job.say(f"{outcome.capitalize()} at step {step:,}; all is saved.")
        return outcome
    last_step = int(run.state.step)
    run.state.restore_best()
    best_step = int(run.state.best_step)
    minutes = (time.monotonic() - started) / 60
    job.say(
        f"\n{outcome.capitalize()} at step {last_step:,} after {minutes:.1f} min; "
        f"best at step {best_step:,} by validation {plan.best_metric}.\n"
    )
    scores = {}
    for split in ("validation", "test"):
        if len(prepared.records.splits[split]):
            found = prepared.task.metrics(*run.outputs(prepared.split_batches(split)))
            scores[split] = {"step": best_step} | found
    if job.is_chief:
        run_folder.write_json(folder.metrics, scores)
        _print_scores(scores, folder)
    return outcome


@dataclasses.dataclass(frozen=True)
class _Run:
    """What is trained, and the compiled functions that train it."""

    model: object  # keras.Model
    state: object  # checkpoints.Checkpoints, restored
    train_steps: Callable
    outputs: Callable  # batches -> outputs and labels of every example


def _build(experiment, folder, job, prepared, plan) -> _Run:
    """Model, optimizer and state, restored where there is a checkpoint."""
    import keras

    from tfm.training import checkpoints
    from tfm.training import evaluation
    from tfm.training import freezing
    from tfm.training import precision
    from tfm.training import step

    e = experiment
    job.check_batch(e.train.batch_size, e.train.micro_batches)
    keras.utils.set_random_seed(e.train.seed)
    keras.config.set_dtype_policy(e.train.dtype)
    loss_scale = precision.LossScale(e.train.dtype == "mixed_float16")
    with job.strategy.scope():
        model = e.build_model(prepared.tokenizer.vocab_size, prepared.task)
        freezing.freeze(model, e.train.freeze)
        optimizer = e.optimizer.build(plan.total_steps, model)
        predict = step.predict_function(model)
        train_steps = step.train_function(
            model,
            prepared.task.loss,
            optimizer,
            clip_norm=e.optimizer.clip_norm,
            micro_batches=e.train.micro_batches,
            loss_scale=loss_scale,
            jit_compile=e.train.jit_compile,
        )
    state = checkpoints.Checkpoints(
        folder.checkpoints,
        model,
        optimizer,
        e.train.keep_checkpoints,
        extra=loss_scale.variables,
        writes=job.is_chief,
        barrier=job.barrier,
    )
    restored = state.restore()
    job.say(
        f"Model       {type(e.model).__name__}, {model.count_params():,} parameters, "
        f"{prepared.tokenizer.vocab_size:,} token ids"
    )
    job.say(f"Runs on     {job.description}")
    if restored:
        job.say(f"Restored    step {int(state.step):,} of {plan.total_steps:,}")

    def outputs(batches):
        with step.averaged_weights(model, optimizer):
            return evaluation.outputs(predict, batches)

    return _Run(model, state, train_steps, outputs)


def _loop(experiment, folder, job, prepared, plan, run: _Run) -> str:
    """Trains to the end, with a progress line and TensorBoard in the chief."""
    from tfm.training import loop

    task = prepared.task
    with contextlib.ExitStack() as stack:
        stack.enter_context(run.state)
        reporters = []
        if job.is_chief:
            first_step = int(run.state.step)
            made = _reporters(experiment, folder, prepared, plan, run.model, first_step)
            reporters = [stack.enter_context(reporter) for reporter in made]

        def evaluate(at_step: int) -> dict[str, float]:
            outputs, labels = run.outputs(prepared.split_batches("validation"))
            if job.is_chief:
                _, board = reporters
                board.examples(at_step, _predictions_table(prepared, outputs))
                confusion = task.confusion(outputs, labels)
                board.confusion(at_step, confusion, task.label_names)
            return task.metrics(outputs, labels)

        def note_skipped(batch: int) -> str:
            return folder.note_skipped(batch, prepared.batch_origins(batch))

        return loop.Loop(
            plan,
            run.train_steps,
            lambda first: prepared.training_batches(first, job.number, job.size),
            evaluate,
            run.state,
            reporters,
            on_skipped=note_skipped if job.is_chief else str,
            same_chunks=job.size > 1,
        ).run()


def _reporters(experiment, folder, prepared, plan, model, first_step):
    from tfm.training import progress
    from tfm.training import tensorboard

    settings = experiment.train
    line = progress.Progress(
        plan.total_steps,
        first_step,
        settings.batch_size,
        len(prepared.records.splits["train"]) / settings.batch_size,
        settings.best_metric,
    )
    board = tensorboard.TensorBoard(
        folder.events, model, settings.batch_size, settings.histograms
    )
    board.configuration(folder.config.read_text(encoding="utf-8"))
    return line, board


def _predictions_table(prepared, outputs) -> str:
    from tfm.training import tensorboard

    indices = prepared.records.splits["validation"]
    # spread over the split, which may be sorted by label
    places = np.unique(np.linspace(0, len(indices) - 1, SHOWN_EXAMPLES, dtype=int))
    predictions = prepared.task.predictions(outputs[places])
    return tensorboard.examples_table(
        prepared.records.texts(indices[places]),
        prepared.task.names(prepared.records.labels(indices[places])),
        [prediction["label"] for prediction in predictions],
        [max(p["probabilities"].values()) for p in predictions],
    )


def _print_scores(scores: dict, folder: run_folder.RunFolder) -> None:
    """Prints the scores, and what to do with the run."""
    from tfm import report

    report.print_scores(scores)
    where = _quoted(folder)
    print(f"\nRun folder   {folder.path}")
    print(f"Evaluate     python -m tfm.evaluate --run_dir={where}")
    print(f'Predict      python -m tfm.predict --run_dir={where} --text="..."')
    print(f"TensorBoard  python -m tensorboard.main --logdir={where}/events")


def _quoted(folder: run_folder.RunFolder) -> str:
    return shlex.quote(str(folder.path))


if __name__ == "__main__":
    config.run(main, Options, base_experiment)
