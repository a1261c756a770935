"""Tokenizers of published models under the interface of ours.

The ids are the published ones but for padding, which is 0 here: see published_ids.
"""

import pathlib
from collections.abc import Iterable
from collections.abc import Sequence

import numpy as np

from tfm import errors
from tfm.distribution import quiet_start
from tfm.inputs.text import definition
from tfm.inputs.text import normalization
from tfm.inputs.text import preset_files
from tfm.inputs.text import settings
from tfm.inputs.text import tokenizer
from tfm.inputs.text import truncation

_MASK = "[MASK]"  # as tasks and prompts name it, whatever the model does
_PADDING = "[PAD]"  # for display, where the model has no token for it


class PretrainedTokenizer(tokenizer.Tokenizer):
    """Text to the ids that a published model was trained on.

    Args:
      config: its settings.PresetTokenization.
      published: a definition.Definition or library_tokenizer.LibraryTokenizer, which
        knows the model's own ids.

    Attributes:
      ids: the published_ids.PublishedIds, from the model's ids to ours and back.
      definition: how the library makes the model's ids, as a tokenizer.json; None:
        by code of its own.
    """

    def __init__(self, config: settings.PresetTokenization, published):
        self.config = config
        self._published = published
        self.ids = published.ids
        self.definition: dict | None = getattr(published, "hidden", None)
        self.vocabulary = [published.tokens[id] for id in self.ids.theirs]
        if self.ids.shared:
            self.vocabulary[0] = _PADDING
        self._ids = {token: id for id, token in reversed([*enumerate(self.vocabulary)])}
        special = published.special
        if special.mask is not None:  # RoBERTa's is <mask>
            self._ids.setdefault(_MASK, int(self._ours(special.mask)))
        self._special = {0, *self._ours(sorted(special.all)).tolist()}
        self._begin, self._end = (
            self._ours([] if id is None else [id]).tolist()
            for id in (special.start, special.end)
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
    def unknown_id(self) -> int | None:
        """The id of what the model does not know; None: there is no such thing."""
        theirs = self._published.unknown
        return None if theirs is None else int(self._ours(theirs))

    def lost(self, texts: Sequence[str], rows: Sequence[np.ndarray]) -> list[int]:
        return self._published.lost(texts)

    @property
    def eos_id(self) -> int | None:
        """The id by which the model was taught that a text ends; None without one."""
        return self._end[0] if self._end else None

    @property
    def document_begin(self) -> int | None:
        # as GPT-2 was taught: one end between two documents, not end and begin
        encloses = self.config.enclose and self._begin != self._end
        return self._begin[0] if encloses and self._begin else None

    @property
    def document_end(self) -> int | None:
        return self.eos_id if self.config.enclose else None

    @property
    def begin_id(self) -> int | None:
        return (self._begin or self._end or [None])[0]

    def special_names(self) -> list[str]:
        names = [self.vocabulary[id] for id in self._special if id]
        return [*names, *({_MASK} & self._ids.keys() - set(names))]

    def encode_prompt(
        self, text: str, whole: bool = False, gaps: Sequence[str] = ()
    ) -> np.ndarray:
        row = super().encode_prompt(text, gaps=gaps)
        if not self.config.enclose:
            return row
        end = self._end if whole else []
        return np.asarray([*self._begin, *row, *end], np.int32)

    def encode_joined(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        rows = []
        for start in range(0, len(texts), tokenizer.CHUNK):
            rows += self._prompt_rows(texts[start : start + tokenizer.CHUNK])
        lengths = np.array([len(row) for row in rows], np.int64)
        return np.concatenate([np.zeros(0, np.int32), *rows]), lengths

    @classmethod
    def learn(cls, config: settings.PresetTokenization, texts: Iterable[str]):
        return from_preset(config)

    @classmethod
    def load(cls, config: settings.PresetTokenization, folder: pathlib.Path):
        return load(config, folder)

    def _encode(self, texts: list[str]) -> Iterable[Sequence[int]]:
        return self._published.encode(texts)

    def _prompt_rows(self, texts: list[str]) -> list[np.ndarray]:
        texts = [normalization.normalize(text, self.config) for text in texts]
        return [self._ours(row) for row in self._encode(texts)]

    def truncated(self, row: np.ndarray) -> np.ndarray:
        if len(row) <= self.config.max_length:
            return row
        begin, end = self.enclosing()
        inner = row[len(begin) : len(row) - len(end)]
        room = self.config.max_length - len(begin) - len(end)
        inner = truncation.cut(inner, room, self.config.truncate)
        return np.asarray([*begin, *inner, *end], np.int32)

    def _finish(self, row: Sequence[int]) -> np.ndarray:
        begin, end = self.enclosing()
        return np.asarray([*begin, *self._ours(row), *end], np.int32)

    def enclosing(self) -> tuple[list[int], list[int]]:
        """The ids before and after each text."""
        return (self._begin, self._end) if self.config.enclose else ([], [])

    def _strip(self, row: Sequence[int]) -> np.ndarray:
        row = np.asarray(row, np.int64)
        return self.ids.theirs[row[~np.isin(row, list(self._special))]]

    def _decode(self, rows: list[np.ndarray]) -> list[str]:
        return self._published.decode([row.tolist() for row in rows])

    def _save(self, folder: pathlib.Path) -> None:
        self._published.save(folder)

    def _ours(self, theirs: int | Sequence[int]) -> np.ndarray:
        return self.ids.ours[np.asarray(theirs, int)]


def from_preset(config: settings.PresetTokenization) -> PretrainedTokenizer:
    """The tokenizer of config.preset."""
    return PretrainedTokenizer(config, read(config.preset))


def load(
    config: settings.PresetTokenization, folder: pathlib.Path
) -> PretrainedTokenizer:
    """The tokenizer that was saved in a folder; a definition needs no TensorFlow.

    Raises:
      UserError: its files are damaged.
    """
    body = definition.read_json(folder / definition.FILE)
    if not preset_files.is_of_keras(body):
        return PretrainedTokenizer(config, definition.load(folder))
    quiet_start.import_tensorflow()  # keras_nlp would
    from tfm.inputs.text import library_tokenizer

    return PretrainedTokenizer(config, library_tokenizer.load(body, folder))


def read(preset: str):
    """The tokenizer of a preset: a Definition, or else a LibraryTokenizer.

    The special ids are those that keras_nlp gives to the model, where it can read the
    tokenizer; else those that the preset's files name.

    Raises:
      UserError: there is none, or it does not fit the model.
    """
    quiet_start.import_tensorflow()  # keras_nlp would
    from tfm.inputs.text import library_tokenizer

    found = preset_files.find(preset)
    try:
        library = library_tokenizer.read(preset)
    except errors.UserError:
        if found is None:
            raise
        body, path = found
        special = preset_files.special_ids(preset, body, path)
        return definition.Definition(body, special, path)
    if found is not None:
        body, path = found
        made = definition.Definition(body, library_tokenizer.special_ids(library), path)
        _check_same(made, library_tokenizer.tokens(library), path)
        return made
    body = library_tokenizer.pipeline(library)
    if body is None:
        return library_tokenizer.LibraryTokenizer(library)
    special = library_tokenizer.special_ids(library)
    return definition.Definition(body, special, preset)


def _check_same(made: definition.Definition, known: Sequence[str], path) -> None:
    """Whether a definition and keras_nlp name the same special tokens."""
    special = made.special
    for id in (special.start, special.end, special.mask, special.padding):
        if id is not None and made.tokens[id] != known[id]:
            raise errors.UserError(
                f"{path} does not fit the model: its token {id} is "
                f"{made.tokens[id]!r}, the model's {known[id]!r}."
            )
