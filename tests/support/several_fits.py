"""Trains runs one after the other in this process, on two replicas.

    python -m tests.support.several_fits OUT CASE ...

A case is a key of EXPERIMENTS. Saves the weights of each run, and under "told" what
other requests for a strategy are answered. strategy_test runs this.
"""

import dataclasses
import pathlib
import sys
import tempfile

from tfm.distribution import quiet_start

quiet_start.import_tensorflow()

import numpy as np  # noqa: E402

from tests.support import reviews  # noqa: E402
from tfm import errors  # noqa: E402
from tfm import models  # noqa: E402
from tfm.checkpoints import checkpoints  # noqa: E402
from tfm.distribution import job as jobs  # noqa: E402
from tfm.distribution import strategy  # noqa: E402
from tfm.run import fit as fits  # noqa: E402
from tfm.run import folder as run_folder  # noqa: E402

EXPERIMENTS = {  # of other shapes, so that their gradients are others
    "wide": {"width": 8, "batch_size": 16},
    "narrow": {"width": 5, "batch_size": 8},
}


def fit(folder: pathlib.Path, width: int, batch_size: int) -> np.ndarray:
    """The weights of a run of a few steps with two evaluations, in one flat array."""
    source = reviews.write_csv(folder / "reviews.csv", 48)
    made = reviews.experiment(source, steps=6, eval_every=3, batch_size=batch_size)
    model = models.CNN(width, width, kernel_widths=(2,), dropout=0.1)
    made = dataclasses.replace(made, model=model)
    run = run_folder.RunFolder(folder / "run")
    run.begin("text_cls", made, {})
    job = jobs.Job("mirrored", logical_devices=2)
    assert job.strategy.num_replicas_in_sync == 2
    assert fits.fit(made, run, job).name == "finished"
    weights = checkpoints.read_weights(run.checkpoints / "last", 6)
    return np.concatenate([weights[name].ravel() for name in sorted(weights)])


def answers() -> list[str]:
    """Of other requests in a process that has its strategy."""
    assert strategy.choose("auto", 2) is strategy.choose("mirrored", 2)
    assert strategy.choose("mirrored") is strategy.choose("mirrored", 2)
    assert strategy.choose("one").num_replicas_in_sync == 1
    told = []
    for request in (("tpu", 0), ("mirrored", 3)):
        try:
            strategy.choose(*request)
        except errors.UserError as error:
            told.append(str(error))
    return told


def main(out: str, *cases: str) -> None:
    found = {}
    for number, case in enumerate(cases):
        with tempfile.TemporaryDirectory() as folder:
            weights = fit(pathlib.Path(folder), **EXPERIMENTS[case])
        found[f"{number}-{case}"] = weights
    np.savez(out, **found, told=answers())


if __name__ == "__main__":
    main(*sys.argv[1:])
