"""A look at an experiment's sources before TensorFlow is imported."""

import dataclasses
import itertools
import os

from tfm import interfaces
from tfm.inputs.text import presets
from tfm.run import folder as run_folder
from tfm.run import word_vectors

_ROWS = 1000
_PLACES = ("TF_CONFIG", "SLURM_PROCID", "KUBERNETES_SERVICE_HOST")  # of many processes


def ahead(experiment, folder: run_folder.RunFolder | None = None):
    """`at`, unless this may be one of several processes: then `by_chief` looks."""
    return experiment if may_be_several() else at(experiment, folder)


def by_chief(experiment, folder: run_folder.RunFolder | None = None):
    """`at`, where `ahead` did not look."""
    return at(experiment, folder) if may_be_several() else experiment


def at(experiment, folder: run_folder.RunFolder | None = None):
    """The experiment, with what its data finds in its sources where fields are empty.

    Of a run that has trained the fields are its own, and the sources are not read.

    Raises:
      UserError: a mistake in the first rows of a source, word vectors that do not fit
        the model, or the package of a published model is not installed.
    """
    data = experiment.data
    has_trained = folder and folder.exists() and folder.has_trained()
    if isinstance(data, interfaces.Looks):
        looked = _kept(data, folder) if has_trained else data.look()
        experiment = dataclasses.replace(experiment, data=looked)
    if not has_trained:
        word_vectors.check(experiment)
        for part in (experiment.model, experiment.inputs):
            presets.check(getattr(part, "preset", ""))
    return experiment


def _kept(data: interfaces.Looks, folder: run_folder.RunFolder):
    """The data with what the run in the folder found: fields that are empty or auto."""
    before = folder.experiment().data
    open_ = (n for n in data.found if getattr(data, n, None) in (None, "", "auto"))
    kept = {name: getattr(before, name) for name in open_ if hasattr(before, name)}
    return dataclasses.replace(data, **kept)


def may_be_several() -> bool:
    """Whether this may be one of several processes that train together."""
    return any(name in os.environ for name in _PLACES)


def at_source(data: interfaces.Data, source: str, columns=None) -> list[str]:
    """The columns that the first rows of another source have, under its own names.

    Args:
      data: how it is read.
      source: a file, or any other source.
      columns: that the rows must have besides the inputs'; none to predict.

    Raises:
      UserError: it is not there, has not the columns, or a mistake in those rows.
    """
    found = {}
    for read in itertools.islice(data.rows(source, columns or {}), _ROWS):
        found |= dict.fromkeys(read.shown)
    return list(found)
