"""What the objectives share whose models can write. B batch, T tokens, D width."""

import keras

from tfm.tasks.language import vocabulary_head


class Generative:
    """An objective whose model scores the whole vocabulary at every position.

    Args:
      vocab_size: V.
      tied: whether the logits are made by the embedding's table.
    """

    by_sums = True
    use = "generate"  # what a trained model is for
    types = 0

    def __init__(self, vocab_size: int, tied: bool):
        self._vocab_size = vocab_size
        self._tied = tied

    def model(self, backbone: keras.Model) -> keras.Model:
        """`backbone` with a head: -> logits_BTV; of its decoder, where it has one."""
        logits_BTV = vocabulary_head.build(
            backbone, backbone.output["sequence"], self._vocab_size, self._tied
        )
        return keras.Model(backbone.input, logits_BTV, name="language_model")

    def logits(self, model: keras.Model, sequence_BTD):
        """logits_BTV of the backbone's features, by the head of `model`."""
        return vocabulary_head.logits(model, sequence_BTD)
