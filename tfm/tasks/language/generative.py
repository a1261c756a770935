"""Generative objective: a model that scores each next token. B batch, T tokens."""

import keras

from tfm import errors
from tfm import interfaces
from tfm.tasks.language import objective
from tfm.tasks.language import vocabulary_head


class GenerativeObjective(objective.LanguageObjective):
    """An objective whose model can write; see interfaces.Writes.

    Args:
      vocab_size: V.
      tied: whether the logits are made by the embedding's table.
      **fields: see LanguageObjective.

    Attributes:
      start_id: what a decoder beside an encoder begins with; None: there is none.
    """

    usage = 'generate --prompt="..."'
    start_id: int | None = None

    def __init__(self, vocab_size: int, tied: bool, **fields):
        super().__init__(**fields)
        self._vocab_size = vocab_size
        self._tied = tied

    def head(self, backbone: keras.Model) -> keras.Model:
        """`backbone` with a head on its causal features -> logits_BTV."""
        logits_BTV = vocabulary_head.build(
            backbone, backbone.output["causal"], self._vocab_size, self._tied
        )
        return keras.Model(backbone.input, logits_BTV, name="language_model")

    def logits(self, model: keras.Model, features):
        """Scores of the vocabulary [..., V] from features [..., D], by the head."""
        return vocabulary_head.logits(model, features)

    def examples(
        self, split: interfaces.Split, mode: interfaces.Mode
    ) -> interfaces.Examples:
        """Windows of a split.

        Raises:
          UserError: they are for prediction; such a model writes.
        """
        if mode == "predict":
            task = type(self).__name__.removesuffix("Objective")
            raise errors.UserError(
                f"A model trained by tasks.{task} writes: python -m tfm.generate"
            )
        return super().examples(split, mode)

    def predictions(
        self, results: interfaces.Arrays, split: interfaces.Split
    ) -> list[dict]:
        """None; see `examples`."""
        return []
