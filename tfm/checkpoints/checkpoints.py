"""Checkpoints of all state: the newest few, and the best by validation.

last/step-00000120/  one checkpoint; bundle.py tells of its files
best/step-00000100/  the same, of the best evaluation
"""

import concurrent.futures
import functools
import math
import pathlib
import sys
from collections.abc import Callable
from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf

from tfm import errors
from tfm.checkpoints import bundle
from tfm.checkpoints import directory
from tfm.checkpoints import naming
from tfm.checkpoints import numbers
from tfm.checkpoints import randomness

KEEP_BEST = 2  # the best, and the one before it in case that is damaged


# of the state, what is known of the best evaluation
BEST = ("best_step", "best_value", "best_loss", "lowest_loss")


class Checkpoints:
    """Saves and restores everything that a run is made of.

    A checkpoint holds weights, the alpha of adapters, optimizer (the weights' moving
    averages too), step, the state of every random-number generator of the model, what
    is known of the evaluations, and `extra`. The data order needs no state but how
    many batches were left out: it is a function of the seed and the batch's number.

    The variables are listed, not found by following objects: a Keras layer that
    keeps its sublayers in a list hides them from tf.train.Checkpoint(model=...),
    which saves and restores without them and without a word.

    Saving copies the variables and returns; a thread writes. One write at most is
    under way: the next save waits for it. What went wrong in it is raised by the next
    save, by `wait`, or on leaving the `with` block.

    Args:
      folder: gets the folders last/ and best/.
      model, optimizer: both built.
      keep: how many of the newest checkpoints stay.
      extra: more variables to save, by name.
      writes: False in all workers but the chief: they restore, and saving does nothing.
      barrier: waits for all processes of the job, so that none restores before the
        chief has written.
    """

    def __init__(
        self,
        folder: pathlib.Path,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        keep: int,
        *,
        extra: Mapping[str, tf.Variable] | None = None,
        writes: bool = True,
        barrier: Callable[[], None] = lambda: None,
    ):
        self.step = numbers.Number(0, "int64")
        # batches left out before the present one
        self.data_offset = numbers.Number(0, "int64")
        # of the best evaluation: step -1 is none, a score that is NaN undefined
        self.best_step = numbers.Number(-1, "int64")
        self.best_value = numbers.Number(0.0, "float64")
        self.best_loss = numbers.Number(math.inf, "float64")
        self.lowest_loss = numbers.Number(math.inf, "float64")  # of all evaluations
        self.since_best = numbers.Number(0, "int64")  # evaluations
        # of the last evaluation: below step where one was due and left out
        self.evaluated_step = numbers.Number(-1, "int64")
        names = ("step", "data_offset", *BEST, "since_best", "evaluated_step")
        self._numbers = {f"state/{name}": getattr(self, name) for name in names}
        self._numbers |= {f"extra/{name}": v for name, v in (extra or {}).items()}
        averages = naming.named_averages(model, optimizer)
        averaged = {id(variable) for variable in averages.values()}
        others = [v for v in optimizer.variables if id(v) not in averaged]
        self._variables = (
            naming.named("weights", model.weights)
            | averages
            | naming.named_alphas(model)
            | naming.named("optimizer", others)
            | naming.named("seeds", random_states(model))
            | self._numbers
        )
        self._folder = folder
        self._keep = {"last": keep, "best": KEEP_BEST}
        self._writes = writes
        self._barrier = barrier
        self._forget()
        self._writer = concurrent.futures.ThreadPoolExecutor(1, "checkpoints")
        self._under_way: list[concurrent.futures.Future] = []

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            self.wait()
        except errors.UserError as error:
            if kind is None:
                raise
            print(f"error: {error}", file=sys.stderr)  # beside what ended the block
        finally:
            self._writer.shutdown()

    def save(self) -> None:
        """Saves the newest state, once for a step and again once it is evaluated."""
        self._save("last")

    def save_best(self) -> None:
        """Saves the state of the best evaluation, likewise."""
        self._save("best")

    def wait(self) -> None:
        """Waits until all that was saved is on the disk.

        Raises:
          UserError: it could not be written, as where the disk is full.
        """
        found = [future.exception() for future in self._under_way]
        self._under_way = []
        for error in found:
            if error is not None:
                self._forget()
                raise error

    def restore(self) -> bool:
        """Restores the newest state; False where there is none.

        A damaged checkpoint is told on stderr, and the one before it restored.

        Raises:
          UserError: all are damaged, or of another model.
        """
        return self._restore("last", "best")

    def restore_best(self) -> bool:
        """Restores the state of the best evaluation; else as `restore`."""
        return self._restore("best")

    def _save(self, kind: str) -> None:
        step = int(self.step)
        if not self._writes or self._saved.get(kind) == self._stand():
            return
        values = {n: v.numpy().tobytes() for n, v in self._numbers.items()}
        if values == self._newest_numbers:  # save_best and save at the same step
            write = functools.partial(bundle.link, source=self._newest)
        else:
            self.wait()
            write = functools.partial(bundle.write, tensors=_copies(self._variables))
        kept_in, keep = self._folder / kind, self._keep[kind]
        self._under_way.append(
            self._writer.submit(directory.commit, write, kept_in, step, keep)
        )
        self._newest = directory.step_folder(kept_in, step)
        self._newest_numbers = values
        self._saved[kind] = self._stand()

    def _restore(self, *kinds: str) -> bool:
        self.wait()
        self._barrier()
        self._forget()
        folders = [self._folder / kind for kind in kinds]
        read = lambda path: _read(path, self._variables)  # noqa: E731
        found = directory.read_newest(folders, read)
        if found is None:
            return False
        folder, values = found
        _assign(self._variables, values)
        self._saved[folder.parent.name] = self._stand()
        return True

    def _stand(self) -> tuple[int, int]:
        """Step and evaluation, which tell one saved state from another."""
        return int(self.step), int(self.evaluated_step)

    def _forget(self) -> None:
        """Forgets what was saved, so that it may be saved again."""
        self._saved: dict[str, tuple[int, int]] = {}
        self._newest: pathlib.Path | None = None
        self._newest_numbers: dict[str, bytes] = {}


def steps(folder: pathlib.Path) -> list[int]:
    """The steps of the checkpoints in Checkpoints' folder last/ or best/, in order."""
    return list(directory.found(folder))


def restore_weights(
    model: keras.Model, folder: pathlib.Path, step: int | None = None
) -> int | None:
    """Loads only the model's weights; their moving averages where these were kept.

    Args:
      model: built.
      folder: Checkpoints' folder last/ or best/.
      step: which checkpoint; by default the newest that is not damaged.

    Returns:
      The step at which it was saved, or None where there is no such checkpoint.

    Raises:
      UserError: all are damaged, or of another model.
    """
    number = numbers.Number(0, "int64")
    variables = naming.named("weights", model.weights) | {"state/step": number}
    found = directory.read_newest(
        [folder], lambda path: _read(path, variables, weights_only=True), step
    )
    if found is None:
        return None
    _assign(variables, found[1])
    return int(number)


def read(folder: pathlib.Path, step: int) -> dict[str, np.ndarray]:
    """All that the checkpoint of a step in the folder last/ or best/ holds, by name.

    Raises:
      DamagedError: it is not there, or not as it was written.
    """
    opened = bundle.Bundle(directory.step_folder(folder, step))
    return opened.read(opened.specs)


def read_weights(folder: pathlib.Path, step: int) -> dict[str, np.ndarray]:
    """The weights, by name, in the checkpoint of a step in the folder last/ or best/.

    Raises:
      DamagedError: they are not there, or not as they were written.
    """
    opened = bundle.Bundle(directory.step_folder(folder, step))
    return opened.read(n for n in opened.specs if n.startswith("weights/"))


def read_best(folder: pathlib.Path, step: int) -> dict[str, float]:
    """The numbers BEST in the checkpoint of a step in the folder best/.

    Raises:
      DamagedError: they are not there, or not as they were written.
    """
    opened = bundle.Bundle(directory.step_folder(folder, step))
    found = opened.read(f"state/{name}" for name in BEST)
    return {name: float(found[f"state/{name}"]) for name in BEST}


def random_states(model: keras.Model) -> list:
    """The state of every keras.random.SeedGenerator in the model."""
    return [generator.state for generator in randomness.generators(model)]


def _copies(variables: Mapping) -> dict[str, tf.Tensor]:
    """The variables' values on the host, which later steps do not change."""
    with tf.device("CPU:0"):
        return {
            name: tf.raw_ops.DeepCopy(x=tf.convert_to_tensor(variable))
            for name, variable in variables.items()
        }


def _assign(variables: Mapping, values: Mapping[str, np.ndarray]) -> None:
    for name, variable in variables.items():
        variable.assign(values[name])


def _read(
    folder: pathlib.Path, variables: Mapping, weights_only: bool = False
) -> dict[str, np.ndarray]:
    """The value of each variable; all are read before one is assigned."""
    opened = bundle.Bundle(folder)
    specs = naming.weights_of(opened.specs) if weights_only else opened.specs
    try:
        tensors = naming.match(specs, variables)
    except ValueError as error:
        raise errors.UserError(
            f"The checkpoint {folder} does not fit: {error}."
        ) from None
    if weights_only:
        for name, tensor in tensors.items():
            average = naming.average_of(tensor)
            tensors[name] = average if average in opened.specs else tensor
    values = opened.read(tensors.values())
    return {name: values[tensor] for name, tensor in tensors.items()}
