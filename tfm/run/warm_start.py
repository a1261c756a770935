"""Warm start: weights and preprocessor of an earlier run or a published model.

`adapt.init_from` names a run; a model that is an interfaces.Preset has weights of its
own, and takes another preset there too.
"""

import dataclasses
import pathlib

from tfm import errors
from tfm import interfaces
from tfm.run import folder as run_folder


def preprocessor(e) -> pathlib.Path | None:
    """The folder of the preprocessor that belongs to the weights of adapt.init_from."""
    run = _source_run(e)
    return None if run is None else run.preprocessor


def load_weights(model, e) -> list[str]:
    """Loads the weights that training begins with, if any; lines for a human.

    Call it only if no checkpoint was restored.

    Raises:
      UserError: the source has no weights that fit.
    """
    from tfm.adaptation import weights_from

    source = e.adapt.init_from
    run = _source_run(e)
    if run is not None:
        return weights_from.from_run(model, run.checkpoints, source).lines()
    if not isinstance(e.model, interfaces.Preset):
        return []
    config = dataclasses.replace(e.model, preset=source or e.model.preset)
    return weights_from.from_model(model, config.published(), config.preset).lines()


def base(e) -> str:
    """The run folder or preset that training begins with; empty where there is none."""
    return e.adapt.init_from or getattr(e.model, "preset", "")


def _source_run(e) -> run_folder.RunFolder | None:
    """The run that adapt.init_from names."""
    source = e.adapt.init_from
    if not source:
        return None
    run = run_folder.RunFolder(source)
    if run.exists():
        return run
    if isinstance(e.model, interfaces.Preset):
        return None  # a preset in place of the model's own
    if pathlib.Path(source).is_dir():
        raise errors.UserError(
            f"adapt.init_from={source} holds no run. The weights of a preset fit only "
            "models.Pretrained(preset=...)."
        )
    raise errors.UserError(f"adapt.init_from names a run folder. There is no {source}.")
