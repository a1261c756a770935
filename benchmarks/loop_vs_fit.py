"""The loop's speed against Keras fit: same model, batches and optimizer.

    python benchmarks/loop_vs_fit.py [--rounds=7] [--steps=40]

Each round trains the same number of steps in one way, then in the other, in one
process; the ratio of a round is the loop's time over fit's. Printed are the medians
over the rounds, of CPU seconds (steadier on a shared machine) and of wall seconds.
A ratio below 1 says that the loop is quicker.
"""

import argparse
import dataclasses
import pathlib
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from tfm import config
from tfm import pipeline
from tfm import quiet_start
from tfm import run_folder

quiet_start.import_tensorflow()
import keras  # noqa: E402

from tfm.config import fields  # noqa: E402
from tfm.training import checkpoints  # noqa: E402
from tfm.training import loop  # noqa: E402
from tfm.training import progress  # noqa: E402
from tfm.training import step  # noqa: E402
from tfm.training import tensorboard  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--experiment", default="text_cls")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=40)
    given = parser.parse_args()
    experiment = fields.override(
        config.load_experiment(given.experiment), {"data.max_examples": 6_000}
    )
    with tempfile.TemporaryDirectory() as scratch:
        folder = run_folder.RunFolder(pathlib.Path(scratch) / "run")
        folder.begin(given.experiment, experiment, {})
        prepared = pipeline.prepare(experiment, folder)
        ways = {
            "fit": _fit(experiment, prepared, given.steps),
            "tfm": _tfm(experiment, prepared, given.steps, folder),
        }
        for way in ways.values():  # tracing
            way()
        times = {name: [] for name in ways}
        for number in range(given.rounds):
            order = list(ways) if number % 2 else list(reversed(ways))
            for name in order:
                times[name].append(_timed(ways[name]))
    for i, kind in enumerate(("CPU", "wall")):
        ratios = [
            ours[i] / theirs[i]
            for ours, theirs in zip(times["tfm"], times["fit"], strict=True)
        ]
        print(
            f"{kind} time, tfm loop / Keras fit: median {statistics.median(ratios):.3f}"
            f" (min {min(ratios):.3f}, max {max(ratios):.3f}; "
            f"{given.rounds} rounds of {given.steps} steps)"
        )
    steps_per_second = given.steps / statistics.median(t[1] for t in times["tfm"])
    print(f"tfm loop: {steps_per_second:.1f} steps/s here and now")


def _timed(way) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    way()
    return time.process_time() - cpu, time.perf_counter() - wall


def _model(experiment, prepared, steps: int):
    keras.utils.set_random_seed(experiment.train.seed)
    model = experiment.build_model(prepared.tokenizer.vocab_size, prepared.task)
    return model, experiment.optimizer.build(1000 * steps, model)


def _fit(experiment, prepared, steps: int):
    """Keras fit without callbacks, on the same tf.data pipeline."""
    model, optimizer = _model(experiment, prepared, steps)
    optimizer.global_clipnorm = experiment.optimizer.clip_norm
    model.compile(
        optimizer,
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    data = prepared.training_batches(0).map(lambda b: (b["tokens"], b["label"]))
    return lambda: model.fit(data, steps_per_epoch=steps, epochs=1, verbose=0)


def _tfm(experiment, prepared, steps: int, folder):
    """The whole loop, with its progress line, TensorBoard and gradient norms."""
    model, optimizer = _model(experiment, prepared, steps)
    run = step.train_function(
        model,
        prepared.task.loss,
        optimizer,
        clip_norm=experiment.optimizer.clip_norm,
    )
    size = experiment.train.batch_size
    board = tensorboard.TensorBoard(folder.events, model, size, histograms=False)
    state = NotSaved()

    def way():
        plan = loop.Plan.of(experiment.train, 10**9)
        plan = dataclasses.replace(plan, total_steps=int(state.step) + steps)
        line = progress.Progress(plan.total_steps, int(state.step), size, 1e6, "loss")
        loop.Loop(
            plan,
            run,
            prepared.training_batches,
            lambda at_step: {"accuracy": 0.0},
            state,
            [line, board],
        ).run()

    return way


class NotSaved:
    """The state of checkpoints.Checkpoints, kept in memory only."""

    def __init__(self):
        self.step = checkpoints.Number(0, "int64")
        self.data_offset = checkpoints.Number(0, "int64")
        self.best_value = checkpoints.Number(1.0, "float64")
        self.best_step = checkpoints.Number(0, "int64")
        self.since_best = checkpoints.Number(0, "int64")

    def save(self) -> None:
        pass

    def wait(self) -> None:
        pass


if __name__ == "__main__":
    main()
