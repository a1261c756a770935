"""Trains an experiment: python -m tfm.train --experiment=text_cls."""

import contextlib
import dataclasses
import pathlib
import shlex
import sys
import time
from collections.abc import Mapping

import numpy as np

from tfm import config
from tfm import errors
from tfm import run_folder

SHOWN_EXAMPLES = 20  # validation texts with predictions in TensorBoard


@dataclasses.dataclass(frozen=True)
class Options:
    """python -m tfm.train --experiment=NAME [--run_dir=DIR] [--FIELD=VALUE ...]

    Trains, evaluates, and leaves a run folder. Run it again to go on where it
    stopped; --run_dir alone is enough for that.
    """

    experiment: str = ""  # a name that --list shows, or the path of a .py file
    run_dir: str = ""  # where the run is kept; by default runs/EXPERIMENT


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
    resumes = folder.begin(name, experiment, changed)
    print(f"{'Resuming in' if resumes else 'Run folder'}  {folder.path}", flush=True)
    if train(experiment, folder) == "interrupted":
        print(f"Go on with  python -m tfm.train --run_dir={_quoted(folder)}")
        return 130
    return 0


def train(experiment, folder: run_folder.RunFolder) -> str:
    """Trains `experiment` in `folder`, on from where an earlier call stopped.

    Args:
      experiment: a tfm.experiment.Experiment.
      folder: begun with this experiment.

    Returns:
      "finished", "stopped early" or "interrupted". After the first two,
      metrics.json holds the scores of the best checkpoint.

    Raises:
      UserError: what in the data or the fields keeps it from training.
    """
    started = time.monotonic()
    from tfm import pipeline
    from tfm import quiet_start

    quiet_start.import_tensorflow()
    prepared = pipeline.prepare(experiment, folder)
    print("\n".join(prepared.records.report()), flush=True)

    import keras

    from tfm.training import checkpoints
    from tfm.training import evaluation
    from tfm.training import loop
    from tfm.training import step

    e, task = experiment, prepared.task
    keras.utils.set_random_seed(e.train.seed)
    keras.config.set_dtype_policy(e.train.dtype)
    plan = loop.Plan.of(e.train, len(prepared.records.splits["train"]))
    model = e.build_model(prepared.tokenizer.vocab_size, task)
    optimizer = e.optimizer.build(plan.total_steps, model)
    state = checkpoints.Checkpoints(
        folder.checkpoints, model, optimizer, e.train.keep_checkpoints
    )
    restored = state.restore()
    print(
        f"Model       {type(e.model).__name__}, {model.count_params():,} parameters, "
        f"{prepared.tokenizer.vocab_size:,} token ids"
    )
    if restored:
        print(f"Restored    step {int(state.step):,} of {plan.total_steps:,}")
    sys.stdout.flush()

    predict = step.predict_function(model)
    train_steps = step.train_function(
        model,
        task.loss,
        optimizer,
        clip_norm=e.optimizer.clip_norm,
        jit_compile=e.train.jit_compile,
    )
    with contextlib.ExitStack() as stack:
        line, board = _reporters(e, folder, prepared, plan, model, int(state.step))
        stack.enter_context(line)
        stack.enter_context(board)

        def evaluate(at_step: int) -> dict[str, float]:
            outputs, labels = evaluation.outputs(
                predict, prepared.split_batches("validation")
            )
            board.examples(at_step, _predictions_table(prepared, outputs))
            confusion = task.confusion(outputs, labels)
            board.confusion(at_step, confusion, task.label_names)
            return task.metrics(outputs, labels)

        outcome = loop.Loop(
            plan,
            train_steps,
            prepared.training_batches,
            evaluate,
            state,
            [line, board],
        ).run()

    if outcome == "interrupted":
        print(f"Interrupted at step {int(state.step):,}; all is saved.")
        return outcome
    last_step = int(state.step)
    state.restore_best()
    best_step = int(state.best_step)
    minutes = (time.monotonic() - started) / 60
    print(
        f"\n{outcome.capitalize()} at step {last_step:,} after {minutes:.1f} min; "
        f"best at step {best_step:,} by validation {plan.best_metric}.\n"
    )
    _score(folder, prepared, predict, best_step)
    return outcome


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


def _score(folder, prepared, predict, best_step: int) -> None:
    """Scores the restored model, and tells what to do with the run."""
    from tfm import report
    from tfm.training import evaluation

    scores = {}
    for split in ("validation", "test"):
        if len(prepared.records.splits[split]):
            batches = prepared.split_batches(split)
            found = prepared.task.metrics(*evaluation.outputs(predict, batches))
            scores[split] = {"step": best_step} | found
    run_folder.write_json(folder.metrics, scores)
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
