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
from tfm import files
from tfm.run import folder as run_folder


@dataclasses.dataclass(frozen=True)
class Trained:
    """What `load` returns."""

    folder: run_folder.RunFolder
    experiment: object
    tokenizer: object
    task: object
    model: object  # keras.Model with the weights of `step`
    step: int
    evaluation: object  # tfm.training.evaluation.Evaluation of the model
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
        """For each text its label (a list if multi-label) and all probabilities.

        Of a masked language model, what each [MASK] stands for; see
        masked_tokens.MaskedTokens.predictions.

        Raises:
          UserError: a text has no [MASK]; or the model is one that generates.
        """
        if self.task.use == "generate":
            raise errors.UserError(
                f"{self.folder.path} holds a model that writes: "
                f"python -m tfm.generate --run_dir={self.folder.path} --prompt=..."
            )
        if self.task.use == "fill":
            found = []
            for start in range(0, len(texts), batch_size):
                batch = self.task.text_batch(list(texts[start : start + batch_size]))
                found += self.task.predictions(self.forward(batch), batch)
            return found
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
    about = files.read_json(folder.task)

    from tfm.distribution import quiet_start

    quiet_start.import_tensorflow()
    import keras

    from tfm.checkpoints import checkpoints
    from tfm.inputs import text as tokens
    from tfm.training import evaluation
    from tfm.training import step as steps

    keras.config.set_dtype_policy(experiment.train.dtype)
    tokenizer = tokens.load(folder.tokenizer)
    if experiment.task.LABELED:
        task = experiment.task.bind(about["label_names"], about["multi_label"])
    else:
        task = experiment.task.bind(tokenizer, experiment.tokens.max_length)
    model = experiment.build_model(tokenizer.vocab_size, task, folder.pretrained)
    step = checkpoints.restore_weights(model, folder.checkpoints / checkpoint)
    if step is None and checkpoint == "best":  # stopped before its first evaluation
        step = checkpoints.restore_weights(model, folder.checkpoints / "last")
    if step is None:
        raise errors.UserError(f"{folder.path} has no {checkpoint} checkpoint yet.")
    evaluated = evaluation.Evaluation(model, task)
    forward = steps.predict_function(model)
    return Trained(folder, experiment, tokenizer, task, model, step, evaluated, forward)
