"""keras_nlp's tokenizers under the interface of ours.

Padding is id 0 here. Where a model was trained with another id for it, the two ids
change places; a model whose padding looks like a word's id, as GPT-2's, is padded by
its end token. All other ids are the published ones.
"""

import json
import pathlib
from collections.abc import Iterable
from collections.abc import Sequence

import keras
import keras_nlp
import numpy as np

from tfm import errors
from tfm.tokens import pretrained
from tfm.tokens import tokenizer

FILE = "tokenizer.json"  # and assets/, as in a KerasHub preset


class PretrainedTokenizer(tokenizer.Tokenizer):
    """Text to the ids that a published model was trained on.

    Attributes:
      padding_id: the model's own id of padding, which is 0 here.
    """

    def __init__(self, config: pretrained.Pretrained, library):
        self.config = config
        self._library = library
        self.padding_id = padding_id(library)
        tokens = _tokens(library)
        self.vocabulary = [tokens[id] for id in self._swapped(np.arange(len(tokens)))]
        self._ids = {token: id for id, token in reversed([*enumerate(self.vocabulary)])}
        special = self._swapped(np.asarray(library.special_token_ids))
        self._special = {0, *special.tolist()}
        self._begin, self._end = (
            () if id is None else (int(self._swapped(np.asarray(id))),)
            for id in (_start_id(library), getattr(library, "end_token_id", None))
        )

    @property
    def first_word_id(self) -> int:
        """The id after the special ones that stand at the beginning."""
        half = self.vocab_size // 2
        return 1 + max(id for id in self._special if id < half)

    def encode_joined(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        rows = self.encode(texts, truncate=False)
        lengths = np.array([len(row) for row in rows], np.int64)
        return np.concatenate([np.zeros(0, np.int32), *rows]), lengths

    @classmethod
    def learn(cls, config: pretrained.Pretrained, texts: Iterable[str]):
        return from_preset(config)

    @classmethod
    def load(cls, config: pretrained.Pretrained, folder: pathlib.Path):
        return load(config, folder)

    def _encode(self, texts: list[str]) -> Iterable[Sequence[int]]:
        found = self._library(texts)
        return found.to_list() if hasattr(found, "to_list") else found

    def _finish(self, row: Sequence[int], truncate: bool) -> np.ndarray:
        row = self._swapped(np.asarray(row, np.int32))
        begin, end = (self._begin, self._end) if self.config.enclose else ((), ())
        if truncate:
            room = self.config.max_length - len(begin) - len(end)
            row = tokenizer.cut(row, room, self.config.truncate)
        return np.asarray([*begin, *row, *end], np.int32)

    def _strip(self, row: Sequence[int]) -> np.ndarray:
        row = np.asarray(row, np.int64)
        return self._swapped(row[~np.isin(row, list(self._special))])

    def _decode(self, rows: list[np.ndarray]) -> list[str]:
        return [str(_text(self._library.detokenize(row.tolist()))) for row in rows]

    def _save(self, folder: pathlib.Path) -> None:
        self._library.save_to_preset(str(folder))

    def _swapped(self, ids: np.ndarray) -> np.ndarray:
        """From the model's ids to ours and back: 0 and its padding change places."""
        there = np.where(ids == 0, self.padding_id, ids)
        return np.where(ids == self.padding_id, 0, there)


def from_preset(config: pretrained.Pretrained) -> PretrainedTokenizer:
    """The tokenizer of config.preset."""
    return PretrainedTokenizer(config, library(config.preset))


def load(config: pretrained.Pretrained, folder: pathlib.Path) -> PretrainedTokenizer:
    """The tokenizer that was saved in a folder."""
    body = json.loads((folder / FILE).read_text(encoding="utf-8"))
    made = keras.saving.deserialize_keras_object(body)
    made.load_preset_assets(str(folder))
    return PretrainedTokenizer(config, made)


def library(preset: str) -> "keras_nlp.models.Tokenizer":
    """keras_nlp's tokenizer of a preset; UserError where there is none."""
    place = pretrained.located(preset)
    try:
        return keras_nlp.models.Tokenizer.from_preset(place)
    except (ValueError, OSError, ImportError, KeyError) as error:
        raise errors.UserError(
            f"The preset {preset!r} has no tokenizer that keras_nlp can read: "
            f"{str(error).strip().partition(chr(10))[0]}"
        ) from error


def padding_id(library: "keras_nlp.models.Tokenizer") -> int:
    """The id by which a batch for the model is padded."""
    id = getattr(library, "pad_token_id", 0) or 0
    if id == 0 and not hasattr(library, "pad_token"):  # 0 is some word's id
        return int(getattr(library, "end_token_id", None) or 0)
    return int(id)


def _start_id(library) -> int | None:
    return getattr(library, "start_token_id", None)


def _tokens(library) -> list[str]:
    """The vocabulary in the order of the model's ids."""
    known = getattr(library, "vocabulary", None)
    if isinstance(known, dict):
        return sorted(known, key=known.get)
    return [str(token) for token in library.get_vocabulary()]


def _text(found) -> str:
    found = found.numpy() if hasattr(found, "numpy") else found
    return found.decode("utf-8", "replace") if isinstance(found, bytes) else found
