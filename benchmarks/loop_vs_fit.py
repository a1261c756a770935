"""The loop's speed against Keras fit: same model, batches and optimizer.

    python benchmarks/loop_vs_fit.py [--rounds=7] [--steps=40] [--FIELD=VALUE ...]

Each round trains the same number of steps in one way, then in the other, in one
process; the ratio of a round is the loop's time over fit's. Printed are the medians
over the rounds, of CPU seconds (steadier on a shared machine) and of wall seconds.
A ratio below 1 says that the loop is quicker.
"""

import dataclasses
import pathlib
import statistics
import sys
from collections.abc import Mapping

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from benchmarks import runs
from tfm import config
from tfm.config import fields


@dataclasses.dataclass(frozen=True)
class Options(runs.Rounds):
    """python benchmarks/loop_vs_fit.py [--experiment=NAME] [--FIELD=VALUE ...]

    Times the training loop against Keras fit on the same steps, in turns.
    """

    steps: int = 40  # of a round


def base_experiment(options: Options):
    experiment = runs.experiment(options)
    return fields.override(experiment, {"data.max_examples": 6_000})


def main(options: Options, experiment, changed: Mapping[str, object]) -> None:
    from benchmarks import ways  # imports TensorFlow

    steps = options.steps
    with ways.data(options.experiment, experiment) as (folder, prepared):
        fit = _fit(ways.Trainer(prepared), prepared)
        ours = ways.InLoop(folder, prepared, ways.Trainer(prepared))
        for way in (fit, ours):  # tracing
            way(steps)
        comparison = ways.compare(ours, fit, options.rounds, steps)
    for kind, name in (("cpu", "CPU"), ("wall", "wall")):
        ratios = comparison.ratios(kind)
        print(
            f"{name} time, tfm loop / Keras fit: median {statistics.median(ratios):.3f}"
            f" (min {min(ratios):.3f}, max {max(ratios):.3f}; "
            f"{options.rounds} rounds of {steps} steps)"
        )
    seconds = statistics.median(times.wall for times in comparison.ours)
    print(f"tfm loop: {steps / seconds:.1f} steps/s here and now")


def _fit(trainer, prepared):
    """Keras fit without callbacks, on the same tf.data pipeline."""
    import keras

    model, optimizer = trainer.model, trainer.optimizer
    optimizer.global_clipnorm = prepared.experiment.optimizer.clip_norm
    model.compile(
        optimizer,
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    names = list(model.input)
    data = prepared.training_batches(0).map(
        lambda batch: ({name: batch[name] for name in names}, batch["label"])
    )
    return lambda steps: model.fit(data, steps_per_epoch=steps, epochs=1, verbose=0)


if __name__ == "__main__":
    config.run(main, Options, base_experiment)
