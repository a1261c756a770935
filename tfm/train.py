"""Trains an experiment: python -m tfm.train --experiment=text_cls."""

import contextlib
import dataclasses
import pathlib
import shlex
import time
import typing
from collections.abc import Mapping

import numpy as np

from tfm import config
from tfm import errors
from tfm import files
from tfm import lock
from tfm.config import fields
from tfm.run import exit_status as endings
from tfm.run import folder as run_folder
from tfm.training import interrupt

SHOWN_EXAMPLES = 20  # validation texts with predictions in TensorBoard
Strategy = typing.Literal["auto", "one", "mirrored", "multi_worker", "tpu"]
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
    # where it runs; auto goes by the hardware, TF_CONFIG, Slurm and Kubernetes
    # (auto | one | mirrored | multi_worker | tpu)
    strategy: str = "auto"
    logical_devices: int = 0  # cut the CPU into so many devices, to try replicas
    deterministic: bool = False  # the same run twice is equal to the bit; slower

    def __post_init__(self):
        if self.strategy == "parameter_server":
            raise errors.UserError(
                "--strategy=parameter_server is left out on purpose: its asynchronous "
                "updates cannot give the result of one device. Use multi_worker."
            )
        fields.Field("strategy", Strategy, "auto", "").parse(self.strategy)


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
    job = None
    with interrupt.AtOnce() as asked:  # the loop has its own, which saves first
        try:
            job = start_job(options)
            with lock.RunLock(folder.path, job.is_chief):
                if job.is_chief:
                    resumes = folder.begin(name, experiment, changed)
                    begins = "Resuming in" if resumes else "Run folder"
                    job.say(f"{begins}  {folder.path}")
                outcome = train(experiment, folder, job)
        except BaseException as error:
            if asked.requested is None:
                return endings.failed(error, folder)
            outcome = asked.outcome
            print(f"{outcome.capitalize()}; {endings.what_is_saved(folder)}.")
    speaks = job is None or job.is_chief
    if outcome in STATUS and folder.exists() and speaks:
        print(f"Go on with  python -m tfm.train --run_dir={_quoted(folder)}")
    return STATUS.get(outcome, 0)


def start_job(options: Options):
    """The training.job.Job that the options ask for; imports TensorFlow."""
    if options.logical_devices < 0:
        raise errors.UserError(
            f"--logical_devices takes 0 or more. Got {options.logical_devices}."
        )
    from tfm.distribution import quiet_start

    quiet_start.import_tensorflow()
    from tfm.distribution import job

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
    from tfm.run import assembly as pipeline

    with job.chief_first():
        prepared = pipeline.prepare(experiment, folder)
    job.say("\n".join(prepared.report))

    from tfm.run import trainer as trainee
    from tfm.training import early_stopping
    from tfm.training import loop

    direction = _direction(experiment.train.best_metric)
    plan = loop.Plan.of(experiment.train, len(prepared.training_examples), direction)
    run = trainee.build(experiment, folder, job, prepared, plan)
    outcome = _loop(experiment, folder, job, prepared, plan, run)
    if outcome in STATUS:
        step = int(run.state.step)
        job.say(f"{outcome.capitalize()} at step {step:,}; all is saved.")
        return outcome
    last_step = int(run.state.step)
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
        if len(prepared.examples.get(split, ())):
            found = run.scores(prepared.split_batches(split))
            scores[split] = {"step": best_step} | found
    if job.is_chief:
        if experiment.train.lora_rank is not None:
            run.save_adapter(experiment, folder.adapter)
        files.write_json(folder.metrics, scores)
        folder.mark_finished(outcome, last_step)
        _print_scores(scores, folder, prepared.task.use)
    return outcome


def _direction(metric: str) -> str:
    falling = ("loss", "perplexity", "bits_per_byte", "masked_loss")
    return "min" if metric in (*falling, "next_sentence_loss") else "max"


def _loop(experiment, folder, job, prepared, plan, run) -> str:
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
            batches = prepared.split_batches("validation")
            if task.by_sums:
                return run.scores(batches)
            outputs, labels = run.outputs(batches)
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
    from tfm.callbacks import progress
    from tfm.callbacks import tensorboard

    settings = experiment.train
    line = progress.Progress(
        plan.total_steps,
        first_step,
        settings.batch_size,
        len(prepared.training_examples) / settings.batch_size,
        settings.best_metric,
    )
    board = tensorboard.TensorBoard(
        folder.events, model, settings.batch_size, settings.histograms
    )
    board.configuration(folder.config.read_text(encoding="utf-8"))
    return line, board


def _predictions_table(prepared, outputs) -> str:
    from tfm.callbacks import tensorboard

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


def _print_scores(scores: dict, folder: run_folder.RunFolder, use: str) -> None:
    """Prints the scores, and what to do with the run."""
    from tfm.callbacks import score_tables as report

    report.print_scores(scores)
    where = _quoted(folder)
    print(f"\nRun folder   {folder.path}")
    print(f"Evaluate     python -m tfm.evaluate --run_dir={where}")
    if use == "generate":
        print(f'Generate     python -m tfm.generate --run_dir={where} --prompt="..."')
    else:
        text = "... [MASK] ..." if use == "fill" else "..."
        print(f'Predict      python -m tfm.predict --run_dir={where} --text="{text}"')
    print(f"TensorBoard  python -m tensorboard.main --logdir={where}/events")


def _quoted(folder: run_folder.RunFolder) -> str:
    return shlex.quote(str(folder.path))


if __name__ == "__main__":
    config.run(main, Options, base_experiment)
