"""Frozen models: those of other runs that a loss asks, such as a teacher's.

For knowledge distillation, preference optimization (DPO) and the like. They are read
from their runs and are no part of checkpoints; a run keeps their hashes, and refuses to
go on with others.
"""

import hashlib
import pathlib
from collections.abc import Mapping
from typing import Protocol
from typing import runtime_checkable

from tfm import errors
from tfm import files
from tfm.run import folder as run_folder
from tfm.run import trained


@runtime_checkable
class AsksModels(Protocol):
    """An objective whose loss asks models of other runs."""

    frozen: Mapping[str, str]  # run folders, by names of its own

    def hold(self, models: Mapping[str, object]) -> None:
        """Takes for each name a function batch -> the model's outputs.

        They are those of inference, and no gradient goes through them. Called in the
        strategy's scope before a training begins or goes on; not for prediction and
        evaluation, which need no other run.
        """


def load(objective, folder: run_folder.RunFolder, writes: bool = True) -> list[str]:
    """Hands an objective the models that it asks for; lines for a human.

    Args:
      objective: of the run in the folder; one that asks for none is left alone.
      folder: begun, with its preprocessor.
      writes: whether this process keeps the models' hashes in the folder.

    Raises:
      UserError: a folder has no trained run, or one with other inputs, or the model is
        not that with which this run began.
    """
    if not isinstance(objective, AsksModels):
        return []
    kept = files.read_json(folder.frozen) if folder.frozen.is_file() else {}
    models, found, lines = {}, {}, []
    for name, run_dir in objective.frozen.items():
        other = _load(name, run_dir, folder)
        models[name] = _answers(other.model)
        found[name] = {"run": run_dir, "step": other.step, "sha256": _hash(other.model)}
        before = kept.get(name, found[name])
        if before["sha256"] != found[name]["sha256"]:
            raise errors.UserError(
                f"This run began with the {name} of step {before['step']} of "
                f"{before['run']}. The best of {run_dir} has other weights now, of "
                f"step {other.step}: put those back, or begin a new run."
            )
        lines.append(f"Frozen      {name}: {run_dir}, step {other.step:,}")
    objective.hold(models)
    if writes and found != kept:
        files.write_json(folder.frozen, found)
    return lines


def _load(name: str, run_dir: str, folder: run_folder.RunFolder) -> trained.Trained:
    import keras

    policy = keras.config.dtype_policy()
    try:
        found = trained.load(run_dir)
    except errors.UserError as error:
        raise errors.UserError(f"The {name} cannot be loaded: {error}") from None
    finally:
        keras.config.set_dtype_policy(policy)
    if _files(found.folder.preprocessor) != _files(folder.preprocessor):
        raise errors.UserError(
            f"The {name} {run_dir} reads other inputs: its preprocessor, such as its "
            "vocabulary, is not that of this run. Give both the same inputs and data."
        )
    found.model.trainable = False
    return found


def _answers(model):
    import tensorflow as tf

    def answers(batch: Mapping):
        outputs = model({n: batch[n] for n in model.input}, training=False)
        return tf.nest.map_structure(tf.stop_gradient, outputs)

    return answers


def _hash(model) -> str:
    found = hashlib.sha256()
    for variable in model.weights:
        found.update(variable.numpy().tobytes())
    return found.hexdigest()


def _files(folder: pathlib.Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}
