"""keras_nlp's tokenizers: what they know of a preset, and their ids where need be."""

import difflib
import pathlib
from collections.abc import Sequence

import keras
import keras_nlp

from tfm import errors
from tfm import validation
from tfm.inputs.text import definition
from tfm.inputs.text import measures
from tfm.inputs.text import pipelines
from tfm.inputs.text import presets
from tfm.inputs.text import published_ids

_WORD_PIECES = ("BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer")
_BYTE_PAIRS: dict[str, pipelines.Words] = {
    "GPT2Tokenizer": "gpt2",
    "RobertaTokenizer": "gpt2",
    "BartTokenizer": "gpt2",
    "OPTTokenizer": "gpt2",
    "Llama3Tokenizer": "llama3",
    "QwenTokenizer": "qwen2",
    "QwenMoeTokenizer": "qwen2",
    "Qwen3Tokenizer": "qwen2",
    "Qwen3MoeTokenizer": "qwen2",
}

_UNKNOWN = ("<unk>", "[UNK]")  # what is unknown, of SentencePiece and others
_MARKS = ("##", "\u2581")  # what a token begins with that is no part of a text


class LibraryTokenizer:
    """A published tokenizer as keras_nlp runs it.

    Exact for SentencePiece models, which keras_nlp gives to the sentencepiece library.
    For others it is the last resort: keras_nlp divides texts into words by a pattern
    that few models were trained with. See `pipeline` for what is known better.

    Args:
      library: the keras_nlp.models.Tokenizer. It is changed so that names of special
        tokens in a text are text to it.

    Attributes:
      special, tokens, ids, unknown: see definition.Definition.
    """

    def __init__(self, library: keras_nlp.models.Tokenizer):
        self._library = library
        self.special = special_ids(library)
        self.tokens = tokens(library)
        self.ids = self.special.renumbering(len(self.tokens))
        names = (name for name in _UNKNOWN if name in self.tokens)
        self.unknown = next(map(self.tokens.index, names), None)
        _make_names_text(library, {self.tokens[id] for id in self.special.all})

    def encode(self, texts: list[str]) -> list[list[int]]:
        """The model's ids of each text."""
        found = self._library(texts)
        return found.to_list() if hasattr(found, "to_list") else found

    def lost(self, texts: Sequence[str]) -> list[int]:
        """The number of characters of each text that its known tokens do not spell.

        White space does not count. It is an estimate where the model writes other
        characters than the text.
        """
        none = {*self.special.all, self.unknown}
        sizes = measures.spelt(self.tokens, none, _MARKS)
        pairs = zip(texts, self.encode([*texts]), strict=True)
        return [measures.visible(t) - int(sizes[[*row]].sum()) for t, row in pairs]

    def decode(self, rows: Sequence[Sequence[int]]) -> list[str]:
        """The text of each row of the model's ids, without special ones."""
        return [_text(self._library.detokenize([*row])) for row in rows]

    def save(self, folder: pathlib.Path) -> None:
        """Writes a KerasHub preset: tokenizer.json and assets/."""
        self._library.save_to_preset(str(folder))


def read(preset: str) -> keras_nlp.models.Tokenizer:
    """keras_nlp's tokenizer of a preset.

    Raises:
      UserError: there is none.
    """
    place = presets.located(preset)
    try:
        return keras_nlp.models.Tokenizer.from_preset(place)
    except Exception as error:  # of Keras, TensorFlow, sentencepiece, the file system
        if str(error).startswith("Unknown preset identifier"):
            known = keras_nlp.models.Backbone.presets
            near = difflib.get_close_matches(preset, known, 1, cutoff=0.7)
            hint = f"Did you mean {near[0]!r}? " if near else ""
            raise errors.UserError(
                f"There is no preset {preset!r}. {hint}Give the name of one that "
                "keras_nlp knows, a folder, hf://OWNER/NAME or package:NAME/FOLDER."
            ) from error
        raise errors.UserError(
            f"The preset {preset!r} has no tokenizer that keras_nlp can read: "
            f"{str(error).strip().partition(chr(10))[0]}"
        ) from error


def positions(preset: str) -> int | None:
    """The longest input that keras_nlp's model of a preset knows; None: any length.

    Raises:
      UserError: there is no such preset.
    """
    place = presets.located(preset)
    try:
        backbone = keras_nlp.models.Backbone.from_preset(place, load_weights=False)
    except (ValueError, OSError, ImportError, KeyError) as error:
        raise errors.UserError(
            f"The preset {preset!r} has no model that keras_nlp can read: "
            f"{str(error).strip().partition(chr(10))[0]}"
        ) from error
    return getattr(backbone, "max_sequence_length", None)


def load(body: dict, folder: pathlib.Path) -> LibraryTokenizer:
    """The tokenizer that was saved in a folder, with `body` in its tokenizer.json.

    Raises:
      UserError: it names classes of others.
    """
    path = folder / definition.FILE
    validation.library_objects(body, path)
    try:
        library = keras.saving.deserialize_keras_object(body)
        library.load_preset_assets(str(folder))
    except Exception as error:  # of Keras, TensorFlow, sentencepiece, the file system
        raise errors.UserError(
            f"{path} holds no tokenizer that keras_nlp can read: "
            f"{str(error).strip().partition(chr(10))[0]}"
        ) from error
    return LibraryTokenizer(library)


def pipeline(library: keras_nlp.models.Tokenizer) -> dict | None:
    """The definition by which the published model was trained, for the kinds known.

    keras_nlp has its vocabulary, but goes its own way from a text to words. None for
    SentencePiece models, and for kinds whose way is not known here.
    """
    kind = type(library).__name__
    if kind in _WORD_PIECES and library.split:
        return pipelines.word_pieces(
            {token: id for id, token in enumerate(library.vocabulary)},
            lowercase=library.lowercase,
            strip_accents=library.strip_accents or None,
            split_chinese=library.split_on_cjk,
            unknown=library.oov_token,
            prefix=library.suffix_indicator,
        )
    if kind in _BYTE_PAIRS:
        return pipelines.byte_pairs(
            dict(library.vocabulary),
            [merge.split(" ") for merge in library.merges if "#version:" not in merge],
            words=_BYTE_PAIRS[kind],
            add_prefix_space=library.add_prefix_space,
        )
    return None


def special_ids(library: keras_nlp.models.Tokenizer) -> published_ids.SpecialIds:
    """The special ids that keras_nlp gives to the model."""
    padding = int(getattr(library, "pad_token_id", None) or 0)
    if padding == 0 and not hasattr(library, "pad_token"):  # 0 is some word's id
        padding = None
    roles = (
        getattr(library, f"{role}_token_id", None) for role in ("start", "end", "mask")
    )
    start, end, mask = (None if id is None else int(id) for id in roles)
    others = tuple(sorted(map(int, library.special_token_ids)))
    return published_ids.SpecialIds(start, end, mask, padding, others)


def tokens(library: keras_nlp.models.Tokenizer) -> list[str]:
    """The vocabulary in the order of the model's ids."""
    known = getattr(library, "vocabulary", None)
    if not isinstance(known, dict):
        return [str(token) for token in library.get_vocabulary()]
    return definition.in_order({id: token for token, id in known.items()})


def _make_names_text(library: keras_nlp.models.Tokenizer, names: set[str]) -> None:
    """Has the library look for no special tokens within texts."""
    if getattr(library, "special_tokens_in_strings", False):  # of WordPiece
        library.special_tokens_in_strings = False
    runner = getattr(library, "_tokenizer", None)  # of BPE
    if runner is not None:
        runner.encode_special_tokens = True
    if getattr(library, "proto", None):  # of SentencePiece
        from sentencepiece import sentencepiece_model_pb2

        model = sentencepiece_model_pb2.ModelProto.FromString(library.proto)
        sought = [
            piece
            for piece in model.pieces
            if piece.type == piece.USER_DEFINED and piece.piece in names
        ]
        for piece in sought:
            piece.type = piece.CONTROL
        if sought:
            library.set_proto(model.SerializeToString())


def _text(found) -> str:
    found = found.numpy() if hasattr(found, "numpy") else found
    return found.decode("utf-8", "replace") if isinstance(found, bytes) else str(found)
