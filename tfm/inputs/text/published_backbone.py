"""Backbones of presets, by keras_nlp, or their shape alone, which a run keeps."""

import dataclasses
import inspect
import json
import pathlib

import keras
import keras_nlp

from tfm import errors
from tfm import interfaces
from tfm import validation
from tfm.inputs.text import presets
from tfm.inputs.text import pretrained_tokenizer
from tfm.inputs.text import published_ids

_FILE = "backbone.json"  # in a run's folder, of a model without its weights
_INPUTS = {"token_ids", "padding_mask", "segment_ids"}  # of a model that reads a text


@dataclasses.dataclass(frozen=True)
class Shape:
    """Shape of a preset's model, without its weights.

    Attributes:
      preset: as the user named it.
      backbone: of keras_nlp, with no weights to speak of.
      ids: its token ids and ours.
    """

    preset: str
    backbone: keras.Model
    ids: published_ids.PublishedIds

    def keep(self, folder: pathlib.Path) -> None:
        """Writes it to a folder that `read` takes for a preset."""
        backbone = keras.saving.serialize_keras_object(self.backbone)
        backbone["config"] |= _forgotten(self.backbone, backbone["config"])
        body = {
            "preset": self.preset,
            "backbone": backbone,
            "ids": dataclasses.asdict(self.ids),
        }
        folder.mkdir(parents=True, exist_ok=True)
        scratch = folder / f"{_FILE}.tmp"
        scratch.write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")
        scratch.replace(folder / _FILE)

    def check_sizes(self, tokens: interfaces.Spec) -> None:
        """UserError unless it knows so many token ids and positions."""
        backbone, vocab_size, (max_length,) = self.backbone, tokens.size, tokens.shape
        rows = backbone.vocabulary_size + self.ids.shared
        if vocab_size > rows:
            raise errors.UserError(
                f"The preset {self.preset!r} knows {rows:,} token ids, the vocabulary "
                f"has {vocab_size:,}. Give inputs=inputs.PretrainedText(...) with "
                "this preset."
            )
        self.check_length(max_length)

    def check_length(self, max_length: int) -> None:
        """UserError unless it knows so many positions."""
        longest = getattr(self.backbone, "max_sequence_length", None)
        if longest and max_length > longest:
            raise errors.UserError(
                f"The preset {self.preset!r} knows {longest} positions at the most. "
                f"Got --inputs.max_length={max_length}."
            )

    def check_uses(self, types: bool, pooled: bool) -> None:
        """UserError unless it serves what is asked of it; see Pretrained.build."""
        backbone = self.backbone
        name, kind = f"The preset {self.preset!r}", type(backbone).__name__
        inputs = backbone.input if isinstance(backbone.input, dict) else {}
        if "token_ids" not in inputs or not inputs.keys() <= _INPUTS:
            raise errors.UserError(
                f"{name} is a {kind}, which does not read one text. "
                "Give one that does, as BERT or GPT-2."
            )
        if types and "segment_ids" not in inputs:
            raise errors.UserError(f"{name} has no token types.")
        outputs = backbone.output
        if pooled and not (isinstance(outputs, dict) and "pooled_output" in outputs):
            raise errors.UserError(
                f"{name} has no pooled output. "
                "Give --model.pooling=mean, first or last."
            )


def is_kept(folder: pathlib.Path) -> bool:
    """Whether a shape was written to the folder."""
    return (folder / _FILE).is_file()


def read(preset: str, dropout: float | None = None) -> Shape:
    """The shape of a preset, or the one that was kept in a folder.

    Args:
      preset: see models.Pretrained.
      dropout: in the backbone; None: as the preset has it.

    Raises:
      UserError: the preset cannot be read.
    """
    changes = {} if dropout is None else {"dropout": dropout}
    if not is_kept(pathlib.Path(preset)):
        ids = pretrained_tokenizer.read(preset).ids
        backbone = _load(preset, load_weights=False, **changes)
        return Shape(preset, backbone, ids)
    body = json.loads((pathlib.Path(preset) / _FILE).read_text(encoding="utf-8"))
    validation.library_objects(body, pathlib.Path(preset) / _FILE)
    policy = keras.saving.serialize_keras_object(keras.config.dtype_policy())
    body["backbone"]["config"] |= {"dtype": policy} | changes
    backbone = keras.saving.deserialize_keras_object(body["backbone"])
    return Shape(body["preset"], backbone, published_ids.PublishedIds(**body["ids"]))


def with_weights(preset: str) -> keras.Model:
    """keras_nlp's backbone of a preset, with the published weights."""
    return _load(preset, load_weights=True)


def _forgotten(backbone: keras.Model, config: dict) -> dict[str, object]:
    """Arguments that the backbone's config leaves out, as Llama's tied embeddings."""
    names = inspect.signature(type(backbone).__init__).parameters
    found = {
        name: getattr(backbone, name, None) for name in names if name not in config
    }
    plain = bool | int | float
    return {name: v for name, v in found.items() if isinstance(v, plain)}


def _load(preset: str, load_weights: bool, **changes) -> keras.Model:
    place = presets.located(preset)
    try:
        return keras_nlp.models.Backbone.from_preset(
            place, load_weights=load_weights, **changes
        )
    except (ValueError, OSError, ImportError, KeyError) as error:
        raise errors.UserError(
            f"The preset {preset!r} cannot be read: "
            f"{str(error).strip().partition(chr(10))[0]}"
        ) from error
