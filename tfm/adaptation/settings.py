"""Fine-tuning, as fields: warm start, word vectors, freezing, LoRA, learning rates."""

import dataclasses

from tfm import errors
from tfm import validation


@dataclasses.dataclass(frozen=True)
class Adapt:
    """Transfer learning: what training begins with, and what of it is trained."""

    # warm start: the run folder (or, of a models.Pretrained, the preset) whose weights
    # and vocabulary training begins with
    init_from: str = ""
    # pretrained word vectors that the embeddings begin with: a file of GloVe, word2vec
    # or fastText (.txt, .bin, .vec, .gz, FILE.zip#NAME), or a .npy beside its words;
    # a path, URL or package:NAME/FILE
    word_vectors: str = ""
    # layers that stay as they are, by name, as embedding or block_*; backbone is all
    # but the head: linear probing
    freeze: tuple[str, ...] = ()
    # steps after which the next group of layers begins to learn: the head at once,
    # then the last block, the embeddings at last; none: all at once
    unfreeze_every: int | None = None
    # each group of layers has this share of the learning rate of the one above it: the
    # head all of it, then the last block, down to the embeddings
    layer_decay: float = 1.0
    # train low-rank adapters (LoRA) of this rank in place of the backbone; none: do not
    lora_rank: int | None = None
    # layers that get adapters, by name, as query, attention, feedforward or embedding
    lora_targets: tuple[str, ...] = ("query", "value")

    def __post_init__(self):
        validation.at_least(self, 1, "unfreeze_every", "lora_rank")
        validation.share(self, "layer_decay")
        if self.init_from and self.word_vectors:
            raise errors.UserError(
                "Embeddings begin with the weights of init_from or with word_vectors, "
                f"not both. Got init_from={self.init_from!r}, "
                f"word_vectors={self.word_vectors!r}."
            )
        if self.lora_rank is not None and not self.lora_targets:
            raise errors.UserError("lora_targets must name a layer. Got none.")

    def apply(self, model, backbone) -> None:
        """Freezes what is to stay as it is, and adds adapters where they are asked for.

        Call it where the model is built, before its weights are loaded: adapters are
        among them.

        Args:
          model: made of `backbone` and a head.
          backbone: the keras.Model under the head.

        Raises:
          UserError: a pattern that matches no layer.
        """
        from tfm.adaptation import freezing
        from tfm.adaptation import groups
        from tfm.adaptation import lora

        groups.mark_backbone(model, backbone)
        freezing.freeze(model, self.freeze)
        if self.lora_rank is not None:
            lora.enable(model, self.lora_rank, self.lora_targets)

    def report(self, model) -> list[str]:
        """Lines for a human: what of a model is trained, and at which rates."""
        from tfm.adaptation import layerwise
        from tfm.adaptation import lora

        lines = []
        if self.lora_rank:
            lines.append(lora.report(model))
        elif self.freeze:
            lines.append(f"Trains      {lora.share(model)}")
        return lines + layerwise.report(model, self.layer_decay, self.unfreeze_every)
