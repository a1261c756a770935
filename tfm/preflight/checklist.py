"""The checks of a training, in the order in which its data flows."""

import dataclasses
import pathlib
import time
from collections.abc import Callable
from collections.abc import Mapping

from tfm import errors
from tfm import lock
from tfm.inputs.text import presets
from tfm.preflight import building
from tfm.preflight import checks
from tfm.preflight import sources
from tfm.run import assembly
from tfm.run import folder as run_folder
from tfm.run import look
from tfm.run import warm_start
from tfm.run import word_vectors


@dataclasses.dataclass(frozen=True)
class Training:
    """A training that the command line asks for.

    Attributes:
      run: its run folder, in which nothing is written.
      name: of the experiment, as the command line has it; empty: that of the run.
      code: as of run.folder.RunFolder.begin.
      own: the user's own code that the experiment is of, if any.
      choose: (experiment, data looked at) -> an auto.Choice; None: nothing is chosen.
      start: makes the distribution.job.Job.
      scratch: a folder for all that is made.
    """

    run: run_folder.RunFolder
    name: str
    code: str
    own: object
    choose: Callable | None
    start: Callable
    scratch: pathlib.Path

    @property
    def goes_on(self) -> bool:
        """Whether a run is there that has trained: what it knows is not looked for."""
        return self.run.exists() and self.run.has_trained()


def of() -> list[checks.Check]:
    """All checks; they take the facts "training", "experiment" and "asked", the same.

    What they find: the "data" (a dataset), the "choice", the experiment to be "built"
    (with mistakes put right, to find more), its "presets", the "devices", what is
    "prepared", the "model" (a trainer), a "step" and an "evaluation".
    """
    check = checks.Check
    return [
        check("the run folder", _run_folder, ("experiment",)),
        check("the data", _data, ("experiment",)),
        check("the choice", _choice, ("data",)),
        check("the word vectors", _word_vectors, ("built",)),
        check("the presets", _presets, ("built",)),
        check("the weights to begin with", _init_from, ("built",)),
        check("the best metric", _best_metric, ("built",)),
        check("the devices", building.devices, ("experiment",)),
        check("the batch", building.batch, ("devices", "built")),
        check("the preparation", building.prepared, ("built", "presets", "devices")),
        check("the lengths of the texts", building.lengths, ("prepared",)),
        check("copies in two splits", building.copies, ("data", "built")),
        check("the model", building.model, ("prepared", "devices")),
        check("a training step", building.step, ("model",)),
        check("an evaluation batch", building.evaluation, ("model",)),
        check("the free space", building.space, ("model",)),
    ]


def _run_folder(found: checks.Findings) -> None:
    training = found.facts["training"]
    experiment = found.facts["experiment"]
    if training.choose is None:
        training.run.check(training.name, experiment, training.code, training.own)
    else:
        training.run.check("", experiment, training.code)
    lock.refuse_others(training.run.path)


def _data(found: checks.Findings) -> Mapping[str, object]:
    training, e = found.facts["training"], found.facts["experiment"]
    started = time.perf_counter()
    if training.goes_on:
        e = look.at(e, training.run)
        return {"experiment": e, "data": None, "reading": 0.0}
    read = sources.read(e.data, training.scratch / "sources", found)
    if read is None:
        return {}
    data, dataset = read
    return {
        "experiment": dataclasses.replace(e, data=data),
        "data": dataset,
        "reading": time.perf_counter() - started,
    }


def _choice(found: checks.Findings) -> Mapping[str, object]:
    training, e = found.facts["training"], found.facts["experiment"]
    if training.choose is None:
        return {"built": e}
    choice = training.choose(e)
    facts = {"built": choice.experiment, "experiment": choice.experiment}
    return facts | {"choice": choice.lines}


def _word_vectors(found: checks.Findings) -> Mapping[str, object]:
    e = found.facts["built"]
    if found.facts["training"].goes_on:
        return {}
    return _told(found, lambda: word_vectors.check(e), adapt={"word_vectors": ""})


def _presets(found: checks.Findings) -> Mapping[str, object]:
    e, right = found.facts["built"], True
    if found.facts["training"].goes_on:
        return {"presets": True}
    for part in (e.model, e.inputs):
        try:
            presets.check(getattr(part, "preset", ""))
        except errors.UserError as error:
            found.mistake(error)
            right = False
    return {"presets": True} if right else {}


def _init_from(found: checks.Findings) -> Mapping[str, object]:
    e = found.facts["built"]
    if found.facts["training"].goes_on:
        return {}
    return _told(found, lambda: warm_start.preprocessor(e), adapt={"init_from": ""})


def _best_metric(found: checks.Findings) -> Mapping[str, object]:
    e, dataset = found.facts["built"], found.facts["data"]
    columns = getattr(dataset, "columns", None)
    if not columns:
        return {}
    metric = e.train.best_metric
    look_at = lambda: assembly.check_best_metric(metric, columns)  # noqa: E731
    return _told(found, look_at, train={"best_metric": "loss"})


def _told(found: checks.Findings, look_at: Callable, **repair) -> Mapping[str, object]:
    """Tells the mistake that `look_at` raises, and puts the experiment right."""
    try:
        look_at()
    except errors.UserError as error:
        found.mistake(error)
        e = found.facts["built"]
        parts = {
            name: dataclasses.replace(getattr(e, name), **changes)
            for name, changes in repair.items()
        }
        return {"built": dataclasses.replace(e, **parts)}
    return {}
