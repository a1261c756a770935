"""Pretrained models: presets of keras_nlp and Hugging Face folders.

B batch, T positions, D width, V vocabulary.
"""

import dataclasses
import pathlib
import typing
from collections.abc import Mapping
from typing import Literal

from tfm import errors
from tfm import interfaces
from tfm import validation

if typing.TYPE_CHECKING:
    import keras

Pooling = Literal["mean", "max", "first", "last", "pooled"]


@dataclasses.dataclass(frozen=True)
class Pretrained:
    """A pretrained backbone: of keras_nlp, with the weights that were published.

    The preset is a name that keras_nlp knows, the folder of a KerasHub preset, or a
    Hugging Face folder (config.json and safetensors) of a model that keras_nlp has.
    """

    # a keras_nlp preset's name, a folder, or package:NAME/FOLDER of a package
    preset: str = ""
    pooling: Pooling = "mean"  # the text's vector; pooled: as the model was trained to
    dropout: float | None = None  # in the backbone; none: as the preset has it

    reads, optional = frozenset({"tokens"}), frozenset({"types"})
    # at the most: the preset decides on "causal" and "logits"
    gives = frozenset({"sequence", "pooled", "causal", "logits"})

    def __post_init__(self):
        validation.one_of(self, pooling=Pooling)
        validation.fraction(self, "dropout")
        if not self.preset:
            raise errors.UserError("preset must name a preset or a folder. Got none.")

    def build(self, specs: Mapping[str, interfaces.Spec]):
        """The keras.Model {"tokens": int32 [B, T]} -> its outputs.

        Its shape is the preset's, its weights are random: `published` has those that
        were published. Id 0 is padding, and the sequence is zero there.

        Args:
          specs: of "tokens", with the size of the preset's own tokenizer. With "types"
            int32 [B, T] the model is told the token types, from 0 on.

        Returns:
          a keras.Model with the outputs "sequence" [B, T, D] and "pooled" [B, D]; where
          no token sees the later ones, "causal" is the sequence too; where the
          embedding can be reversed, "logits" [B, T, V].

        Raises:
          UserError: the preset cannot be read, or has not what is asked for.
        """
        import keras

        from tfm import layers
        from tfm.inputs.text import published_backbone
        from tfm.models import published
        from tfm.models import stack

        shape = published_backbone.read(self.preset, self.dropout)
        shape.check_uses("types" in specs, pooled=self.pooling == "pooled")
        shape.check_sizes(specs["tokens"])
        backbone, ids = shape.backbone, shape.ids
        inputs = stack.inputs(specs, "tokens")
        tokens_BT = inputs["tokens"]
        mask_BT = keras.ops.not_equal(tokens_BT, 0)
        ids_BT = published.theirs(tokens_BT, ids)
        given = {"token_ids": ids_BT, "padding_mask": keras.ops.cast(mask_BT, "int32")}
        if "segment_ids" in backbone.input:
            types_BT = keras.ops.zeros_like(tokens_BT)
            if "types" in specs:
                inputs |= stack.inputs(specs, "types")
                types_BT = inputs["types"]
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
        if published.causal_class(backbone) is not None:
            outputs["causal"] = sequence_BTD
        if published.can_reverse(backbone):  # for a task's head; else it falls away
            embedding = published.Embedding(backbone, ids, name="embedding")
            outputs["logits"] = embedding(sequence_BTD, reverse=True)
        return keras.Model(inputs, outputs, name="pretrained_model")

    def decoding(self, model):
        """The published.PresetDecoding of a model of `build`, or of one on it."""
        from tfm.models import published

        return published.PresetDecoding(model)

    def published(self) -> "keras.Model":
        """keras_nlp's backbone of the preset, with the published weights.

        Raises:
          UserError: the preset cannot be read.
        """
        from tfm.inputs.text import published_backbone

        return published_backbone.with_weights(self.preset)

    def kept_in(self, folder: str | pathlib.Path) -> "Pretrained":
        """This config with a folder for its preset, which holds the model's shape.

        With it a run needs the preset no more: the weights are in its checkpoints.
        """
        from tfm.inputs.text import published_backbone

        folder = pathlib.Path(folder)
        if not published_backbone.is_kept(folder):
            published_backbone.read(self.preset, self.dropout).keep(folder)
        return dataclasses.replace(self, preset=str(folder))
