"""keras_nlp's tokenizers under the interface of ours.

The ids are the published ones but for padding, which is 0 here: see published_ids.
"""

import json
import pathlib
from collections.abc import Iterable
from collections.abc import Sequence

import keras
import keras_nlp
import numpy as np

from tfm import errors
from tfm import validation
from tfm.inputs.text import normalization
from tfm.inputs.text import presets
from tfm.inputs.text import published_ids
from tfm.inputs.text import settings
from tfm.inputs.text import tokenizer

FILE = "tokenizer.json"  # and assets/, as in a KerasHub preset
_MASK = "[MASK]"  # as tasks and prompts name it, whatever the model does
_PADDING = "[PAD]"  # for display, where the model has no token for it


class PretrainedTokenizer(tokenizer.Tokenizer):
    """Text to the ids that a published model was trained on.

    Attributes:
      ids: the published_ids.PublishedIds, from the model's ids to ours and back.
    """

    def __init__(self, config: settings.PresetTokenization, library):
        self.config = config
        self._library = library
        known = _tokens(library)
        self.ids = ids_of(library, len(known))
        self.vocabulary = [known[id] for id in self.ids.theirs]
        if self.ids.shared:
            self.vocabulary[0] = _PADDING
        self._ids = {token: id for id, token in reversed([*enumerate(self.vocabulary)])}
        mask = getattr(library, "mask_token_id", None)
        if mask is not None:  # RoBERTa's is <mask>
            self._ids.setdefault(_MASK, int(self._ours(mask)))
        self._special = {0, *self._ours(library.special_token_ids).tolist()}
        self._begin, self._end = (
            self._ours([] if id is None else [id]).tolist()
            for id in (_start_id(library), getattr(library, "end_token_id", None))
        )

    @property
    def first_word_id(self) -> int:
        """The id after the special ones that stand at the beginning."""
        half = self.vocab_size // 2
        return 1 + max(id for id in self._special if id < half)

    @property
    def special_ids(self) -> frozenset[int]:
        """The ids that stand for no text."""
        return frozenset(self._special)

    @property
    def eos_id(self) -> int | None:
        """The id by which the model was taught that a text ends; None without one."""
        return self._end[0] if self._end else None

    def special_names(self) -> list[str]:
        names = [self.vocabulary[id] for id in self._special if id]
        return [*names, *({_MASK} & self._ids.keys() - set(names))]

    def encode_prompt(self, text: str, whole: bool = False) -> np.ndarray:
        row = super().encode_prompt(text)
        if not self.config.enclose:
            return row
        end = self._end if whole else []
        return np.asarray([*self._begin, *row, *end], np.int32)

    def encode_joined(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        rows = self.encode(texts, truncate=False)
        lengths = np.array([len(row) for row in rows], np.int64)
        return np.concatenate([np.zeros(0, np.int32), *rows]), lengths

    @classmethod
    def learn(cls, config: settings.PresetTokenization, texts: Iterable[str]):
        return from_preset(config)

    @classmethod
    def load(cls, config: settings.PresetTokenization, folder: pathlib.Path):
        return load(config, folder)

    def _encode(self, texts: list[str]) -> Iterable[Sequence[int]]:
        found = self._library(texts)
        return found.to_list() if hasattr(found, "to_list") else found

    def _prompt_rows(self, texts: list[str]) -> list[np.ndarray]:
        texts = [normalization.normalize(text, self.config) for text in texts]
        return [self._ours(row) for row in self._encode(texts)]

    def _finish(self, row: Sequence[int], truncate: bool) -> np.ndarray:
        row = self._ours(row)
        begin, end = (self._begin, self._end) if self.config.enclose else ([], [])
        if truncate:
            room = self.config.max_length - len(begin) - len(end)
            row = tokenizer.cut(row, room, self.config.truncate)
        return np.asarray([*begin, *row, *end], np.int32)

    def _strip(self, row: Sequence[int]) -> np.ndarray:
        row = np.asarray(row, np.int64)
        return self.ids.theirs[row[~np.isin(row, list(self._special))]]

    def _decode(self, rows: list[np.ndarray]) -> list[str]:
        return [str(_text(self._library.detokenize(row.tolist()))) for row in rows]

    def _save(self, folder: pathlib.Path) -> None:
        self._library.save_to_preset(str(folder))

    def _ours(self, theirs: int | Sequence[int]) -> np.ndarray:
        return self.ids.ours[np.asarray(theirs, int)]


def from_preset(config: settings.PresetTokenization) -> PretrainedTokenizer:
    """The tokenizer of config.preset."""
    return PretrainedTokenizer(config, library(config.preset))


def load(
    config: settings.PresetTokenization, folder: pathlib.Path
) -> PretrainedTokenizer:
    """The tokenizer that was saved in a folder."""
    body = json.loads((folder / FILE).read_text(encoding="utf-8"))
    validation.library_objects(body, folder / FILE)
    made = keras.saving.deserialize_keras_object(body)
    made.load_preset_assets(str(folder))
    return PretrainedTokenizer(config, made)


def library(preset: str) -> "keras_nlp.models.Tokenizer":
    """keras_nlp's tokenizer of a preset; UserError where there is none."""
    place = presets.located(preset)
    try:
        return keras_nlp.models.Tokenizer.from_preset(place)
    except (ValueError, OSError, ImportError, KeyError) as error:
        raise errors.UserError(
            f"The preset {preset!r} has no tokenizer that keras_nlp can read: "
            f"{str(error).strip().partition(chr(10))[0]}"
        ) from error


def ids_of(
    library: "keras_nlp.models.Tokenizer", size: int | None = None
) -> published_ids.PublishedIds:
    """The ids of a tokenizer, of `size` tokens."""
    size = len(_tokens(library)) if size is None else size
    padding = int(getattr(library, "pad_token_id", None) or 0)
    if padding == 0 and not hasattr(library, "pad_token"):  # 0 is some word's id
        end = int(getattr(library, "end_token_id", None) or 0)
        return published_ids.PublishedIds(size, end, shared=True)
    return published_ids.PublishedIds(size, padding)


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
