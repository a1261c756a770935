"""Published models, by keras_nlp. B batch, T positions, D width."""

import dataclasses
import pathlib
from typing import Literal

from tfm import errors
from tfm import validation as ranges

Pooling = Literal["mean", "max", "first", "last", "pooled"]


@dataclasses.dataclass(frozen=True)
class Pretrained:
    """A backbone of keras_nlp with the weights that were published for it.

    The preset is a name that keras_nlp knows, the folder of a KerasHub preset, or a
    Hugging Face folder (config.json and safetensors) of a model that keras_nlp has.
    """

    # a keras_nlp preset's name, a folder, or package:NAME/FOLDER of a package
    preset: str = ""
    pooling: Pooling = "mean"  # the text's vector; pooled: as the model was trained to
    dropout: float | None = None  # in the backbone; none: as the preset has it
    init_from: str = ""  # run folder or preset whose weights it starts from

    def __post_init__(self):
        ranges.one_of(self, pooling=Pooling)
        ranges.fraction(self, "dropout")
        if not self.preset:
            raise errors.UserError("preset must name a preset or a folder. Got none.")

    def build(
        self,
        vocab_size: int,
        max_length: int,
        packed: bool = False,
        types: int = 0,
        causal: bool = False,
    ):
        """The keras.Model tokens_BT int32 -> {"sequence": s_BTD, "pooled": p_BD}.

        Its shape is the preset's, its weights are random: those that were published
        come from `published_backbone`. Id 0 is padding, and the sequence is zero there.

        Args:
          vocab_size: of the preset's own tokenizer.
          max_length: T.
          packed: must be False.
          types: 2 for an input "types" of token types beside "tokens".
          causal: whether no token may see the later ones.

        Raises:
          UserError: the preset cannot be read, or has not what is asked for.
        """
        import keras

        from tfm import layers
        from tfm.models import published
        from tfm.models import published_backbone

        shape = published_backbone.read(self.preset, self.dropout)
        shape.check_uses(packed, types, causal, pooled=self.pooling == "pooled")
        shape.check_sizes(vocab_size, max_length)
        backbone, ids = shape.backbone, shape.ids
        tokens_BT = keras.Input((max_length,), dtype="int32", name="tokens")
        mask_BT = keras.ops.not_equal(tokens_BT, 0)
        ids_BT = published.theirs(tokens_BT, ids)
        given = {"token_ids": ids_BT, "padding_mask": keras.ops.cast(mask_BT, "int32")}
        inputs = tokens_BT
        if "segment_ids" in backbone.input:
            types_BT = keras.ops.zeros_like(tokens_BT)
            if types:
                types_BT = keras.Input((max_length,), dtype="int32", name="types")
                inputs = {"tokens": tokens_BT, "types": types_BT}
            given["segment_ids"] = types_BT
        # `call`, since __call__ would hide the layers within one
        outputs = backbone.call({name: given[name] for name in backbone.input})
        found = outputs if isinstance(outputs, dict) else {"sequence_output": outputs}
        sequence_BTD = layers.ZeroPadding(name="sequence")(
            found["sequence_output"], mask=mask_BT
        )
        if self.pooling == "pooled":
            pooled_BD = found["pooled_output"]
        else:
            pooled_BD = layers.Pooling(self.pooling, name="pooling")(
                sequence_BTD, mask=mask_BT
            )
        outputs = {"sequence": sequence_BTD, "pooled": pooled_BD}
        if published.can_reverse(backbone):  # for a task's head; else it falls away
            embedding = published.Embedding(backbone, ids, name="embedding")
            outputs["logits"] = embedding(sequence_BTD, reverse=True)
        return keras.Model(inputs, outputs, name="pretrained_model")

    def stepper(self, model):
        """The published.Stepper of a model of `build`, or of one on top of it."""
        from tfm.models import published

        return published.Stepper(model)

    def kept_in(self, folder: str | pathlib.Path) -> "Pretrained":
        """This config with a folder for its preset, which holds the model's shape.

        With it a run needs the preset no more: the weights are in its checkpoints.
        """
        from tfm.models import published_backbone

        folder = pathlib.Path(folder)
        if not published_backbone.is_kept(folder):
            published_backbone.read(self.preset, self.dropout).keep(folder)
        return dataclasses.replace(self, preset=str(folder))
