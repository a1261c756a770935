"""Arrays that an objective fits when a training is over, such as a temperature.

fitted.json of the run has the step of the best checkpoint, on whose validation results
it was fitted, and the arrays. With another checkpoint they are never used.
"""

import dataclasses
import pathlib

import numpy as np

from tfm import files
from tfm import interfaces
from tfm.run import scoring


def finish(run, scored: scoring.Scored, path: pathlib.Path, job):
    """Fits on validation, in the chief; every process then has what was saved.

    Args:
      run: a trainer.Trainer with the best checkpoint's weights.
      scored: its validation split. One that has none is never finished.
      path: of fitted.json. There is none where the objective fits nothing.
      job: a distribution.job.Job.

    Returns:
      The run and the scores, by the objective with what it fitted.
    """
    objective, step = run.prepared.objective, int(run.state.best_step)
    if job.is_chief:
        _write(path, step, _fitted(objective, scored))
    job.barrier()
    with_them = finished(objective, path, step)
    if with_them is objective:
        return run, scored
    prepared = dataclasses.replace(run.prepared, objective=with_them)
    evaluated = with_them.compute_metrics(scored.results, scored.split)
    return (
        dataclasses.replace(run, prepared=prepared),
        dataclasses.replace(scored, evaluation=evaluated),
    )


def finished(
    objective: interfaces.Objective, path: pathlib.Path, step: int
) -> interfaces.Objective:
    """The objective with what was fitted for the checkpoint of a step, if it was.

    Raises:
      UserError: the file is damaged.
    """
    if not (isinstance(objective, interfaces.Finishes) and path.is_file()):
        return objective
    body = files.read_json(path)
    if body["step"] != step:
        return objective
    arrays = {name: np.array(values) for name, values in body["arrays"].items()}
    return objective.finished(arrays)


def _fitted(objective: interfaces.Objective, scored: scoring.Scored):
    if not isinstance(objective, interfaces.Finishes):
        return {}
    return objective.finish(scored.results, scored.split)


def _write(path: pathlib.Path, step: int, arrays: interfaces.Arrays) -> None:
    if not arrays:
        path.unlink(missing_ok=True)
        return
    body = {name: np.asarray(array).tolist() for name, array in arrays.items()}
    files.write_json(path, {"step": step, "arrays": body})
