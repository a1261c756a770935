"""A trained run, loaded from its folder alone.

    run = trained.load("runs/text_cls")
    run.predict(["A moving film."])

T tokens, C classes.
"""

import dataclasses
from collections.abc import Callable
from collections.abc import Sequence

import numpy as np

from tfm import errors
from tfm import run_folder


@dataclasses.dataclass(frozen=True)
class Trained:
    """What `load` returns."""

    folder: run_folder.RunFolder
    experiment: object
    tokenizer: object
    task: object
    model: object  # keras.Model with the weights of `step`
    step: int
    forward: Callable  # {"tokens": int32 [B, T]} -> float32 [B, C], of NumPy arrays

    def outputs(self, texts: Sequence[str], batch_size: int = 64) -> np.ndarray:
        """The model's outputs, float32 [len(texts), C]."""
        from tfm.data import store

        found = [np.zeros((0, *self.model.output.shape[1:]), np.float32)]
        for start in range(0, len(texts), batch_size):
            rows = self.tokenizer.encode(list(texts[start : start + batch_size]))
            # two shapes in all, so that nothing is traced anew for each batch
            size = 1 if len(rows) == 1 else batch_size
            tokens_BT = store.Store.of(rows + [()] * (size - len(rows))).padded(
                np.arange(size), self.experiment.tokens.max_length
            )
            found.append(self.forward({"tokens": tokens_BT})[: len(rows)])
        return np.concatenate(found)

    def predict(self, texts: Sequence[str], batch_size: int = 64) -> list[dict]:
        """For each text its label (a list if multi-label) and all probabilities."""
        return self.task.predictions(self.outputs(texts, batch_size))


def load(run_dir: str, checkpoint: str = "best") -> Trained:
    """Loads a run from its folder alone.

    Args:
      run_dir: the folder.
      checkpoint: "best", or "last" for the newest.

    Raises:
      UserError: no run there, or none of its checkpoints.
    """
    if not run_dir:
        raise errors.UserError("Give --run_dir=DIR, the folder of a trained run.")
    folder = run_folder.RunFolder(run_dir)
    experiment = folder.experiment()
    if not folder.task.is_file():
        raise errors.UserError(f"{folder.path} has not been trained yet.")
    labels = run_folder.read_json(folder.task)

    from tfm import quiet_start

    quiet_start.import_tensorflow()
    import keras

    from tfm import tokens
    from tfm.training import checkpoints
    from tfm.training import step as steps

    keras.config.set_dtype_policy(experiment.train.dtype)
    tokenizer = tokens.load(folder.tokenizer)
    task = experiment.task.bind(labels["label_names"], labels["multi_label"])
    model = experiment.build_model(tokenizer.vocab_size, task)
    step = checkpoints.restore_weights(model, folder.checkpoints / checkpoint)
    if step is None and checkpoint == "best":  # stopped before its first evaluation
        step = checkpoints.restore_weights(model, folder.checkpoints / "last")
    if step is None:
        raise errors.UserError(f"{folder.path} has no {checkpoint} checkpoint yet.")
    forward = steps.predict_function(model)
    return Trained(folder, experiment, tokenizer, task, model, step, forward)
