"""Published models, by keras_nlp. B batch, T positions, D width."""

import dataclasses
import json
import pathlib
from typing import Literal

from tfm import errors
from tfm import ranges

Pooling = Literal["mean", "max", "first", "last", "pooled"]
SHAPE = "backbone.json"  # of a model that is kept without its weights


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
        self, vocab_size: int, max_length: int, packed: bool = False, types: int = 0
    ):
        """The keras.Model tokens_BT int32 -> {"sequence": s_BTD, "pooled": p_BD}.

        Its shape is the preset's, its weights are random: those that were published
        come from `published`. Id 0 is padding, and the sequence is zero there.

        Args:
          vocab_size: of the preset's own tokenizer.
          max_length: T.
          packed: must be False.
          types: 2 for an input "types" of token types beside "tokens".

        Raises:
          UserError: the preset cannot be read, or has not what is asked for.
        """
        import keras

        from tfm import layers

        backbone, padding_id = self._shape()
        self._check(backbone, vocab_size, max_length, packed, types)
        tokens_BT = keras.Input((max_length,), dtype="int32", name="tokens")
        mask_BT = keras.ops.not_equal(tokens_BT, 0)
        # ours of padding and the model's have changed places
        ids_BT = keras.ops.where(mask_BT, tokens_BT, padding_id)
        if padding_id:
            there_BT = keras.ops.equal(tokens_BT, padding_id)
            ids_BT = keras.ops.where(there_BT, 0, ids_BT)
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
        return keras.Model(inputs, outputs, name="pretrained_model")

    def kept_in(self, folder: str | pathlib.Path) -> "Pretrained":
        """This config with a folder for its preset, which holds the model's shape.

        With it a run needs the preset no more: the weights are in its checkpoints.
        """
        folder = pathlib.Path(folder)
        if not (folder / SHAPE).is_file():
            import keras

            backbone, padding_id = self._shape()
            body = {
                "backbone": keras.saving.serialize_keras_object(backbone),
                "padding_id": padding_id,
            }
            folder.mkdir(parents=True, exist_ok=True)
            scratch = folder / f"{SHAPE}.tmp"
            scratch.write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")
            scratch.replace(folder / SHAPE)
        return dataclasses.replace(self, preset=str(folder))

    def _shape(self):
        """The keras_nlp backbone with no weights to speak of, and its padding's id."""
        import keras

        changes = {} if self.dropout is None else {"dropout": self.dropout}
        kept = pathlib.Path(self.preset) / SHAPE
        if not kept.is_file():
            from tfm.tokens import pretrained_tokenizer

            library = pretrained_tokenizer.library(self.preset)
            backbone = _backbone(self.preset, load_weights=False, **changes)
            return backbone, pretrained_tokenizer.padding_id(library)

        import keras_nlp  # noqa: F401  its classes, by name

        body = json.loads(kept.read_text(encoding="utf-8"))
        policy = keras.saving.serialize_keras_object(keras.config.dtype_policy())
        body["backbone"]["config"] |= {"dtype": policy} | changes
        backbone = keras.saving.deserialize_keras_object(body["backbone"])
        return backbone, body["padding_id"]

    def _check(self, backbone, vocab_size, max_length, packed, types) -> None:
        name = self.preset
        if "token_ids" not in backbone.input:
            raise errors.UserError(
                f"The preset {name!r} is a {type(backbone).__name__}, which does not "
                "read one text. Give one that does, as BERT or GPT-2."
            )
        rows = backbone.vocabulary_size
        if vocab_size > rows:
            raise errors.UserError(
                f"The preset {name!r} knows {rows:,} token ids, the vocabulary has "
                f"{vocab_size:,}. Give tokens=tokens.Pretrained(...) with this preset."
            )
        longest = getattr(backbone, "max_sequence_length", None)
        if longest and max_length > longest:
            raise errors.UserError(
                f"The preset {name!r} knows {longest} positions at the most. "
                f"Got max_length={max_length}."
            )
        if packed:
            raise errors.UserError(
                f"The preset {name!r} would see from one document into the next. "
                "Give a task that does not pack them."
            )
        if types and "segment_ids" not in backbone.input:
            raise errors.UserError(f"The preset {name!r} has no token types.")
        pooled = (
            isinstance(backbone.output, dict) and "pooled_output" in backbone.output
        )
        if self.pooling == "pooled" and not pooled:
            raise errors.UserError(
                f"The preset {name!r} has no pooled output. "
                "Give --model.pooling=mean, first or last."
            )


def published(preset: str):
    """keras_nlp's backbone of a preset, with its weights; see `Pretrained`."""
    return _backbone(preset, load_weights=True)


def _backbone(preset: str, load_weights: bool, **changes):
    import keras_nlp

    from tfm.tokens import pretrained as tokens

    place = tokens.located(preset)
    try:
        return keras_nlp.models.Backbone.from_preset(
            place, load_weights=load_weights, **changes
        )
    except (ValueError, OSError, ImportError, KeyError) as error:
        raise errors.UserError(
            f"The preset {preset!r} cannot be read: "
            f"{str(error).strip().partition(chr(10))[0]}"
        ) from error
