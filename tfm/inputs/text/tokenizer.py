"""The interface of all tokenizers."""

import abc
import dataclasses
import functools
import itertools
import json
import pathlib
import re
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence

import numpy as np

from tfm import errors
from tfm.inputs.text import measures
from tfm.inputs.text import normalization
from tfm.inputs.text import settings
from tfm.inputs.text import truncation

CHUNK = 1024  # texts that a library sees at a time: its results take much memory
EOS = "[EOS]"  # ends a text, where the vocabulary has it
LONGEST = 2**18  # characters that a library sees at a time; more are slower


class Tokenizer(abc.ABC):
    """Text to ids and back.

    A backend counts ids from 0, where 0 is unknown; this class moves them behind the
    reserved tokens, which the backend never hears of.

    Attributes:
      config: the settings.Tokenization it was learnt by.
      vocabulary: the tokens for display, in the order of their ids.
    """

    # whether a piece of a text begins with a mark that stands for the space before it
    joins_pieces = False

    def __init__(self, config: settings.Tokenization, learnt: Iterable[str]):
        self.config = config
        self.vocabulary = [*config.reserved, *learnt]
        # where two tokens look the same, the first one counts: it may be reserved
        self._ids = {token: id for id, token in reversed([*enumerate(self.vocabulary)])}
        self._shift = self.first_word_id - 1  # from a backend's ids to ours

    @property
    def vocab_size(self) -> int:
        """The number of ids: rows of an embedding, width of logits."""
        return len(self.vocabulary)

    @property
    def first_word_id(self) -> int:
        """The first id that is not reserved."""
        return len(self.config.reserved)

    def encode(self, texts: Sequence[str], truncate: bool = True) -> list[np.ndarray]:
        """Returns the int32 ids of each text.

        Args:
          texts: what to encode.
          truncate: whether to cut texts to `config.max_length` tokens.
        """
        if isinstance(texts, str):
            raise errors.UserError("encode takes a list of texts. Got one str.")
        rows = []
        for start in range(0, len(texts), CHUNK):
            chunk = texts[start : start + CHUNK]
            chunk = [normalization.normalize(text, self.config) for text in chunk]
            found = (self._finish(row) for row in self._encode(chunk))
            rows += map(self.truncated, found) if truncate else found
        return rows

    def truncated(self, row: np.ndarray) -> np.ndarray:
        """The ids of a text without what is beyond `config.max_length` tokens."""
        return truncation.cut(row, self.config.max_length, self.config.truncate)

    def encode_joined(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Returns the ids of all texts in one array, uncut, and enclosed by nothing.

        Meant for many and for long texts: it takes bounded memory besides its result.

        Returns:
          int32 [sum of lengths], and the length of each text, int64 [n].
        """
        pieces, counts = [], []
        for text in texts:
            text = normalization.normalize(text, self.config)
            joins = self.joins_pieces  # a piece would begin with a space of its own
            found = normalization.pieces(text, LONGEST, joins, anywhere=not joins)
            pieces += found
            counts.append(len(found))
        lengths, ids = [], [np.zeros(0, np.int32)]
        for chunk in _chunks(pieces):
            rows = list(self._encode(chunk))
            sizes = [*map(len, rows)]
            flat = itertools.chain.from_iterable(rows)
            ids.append(np.fromiter(flat, np.int32, sum(sizes)))
            lengths += sizes
        ids = np.concatenate(ids)
        unknown = ids == 0
        ids += self._shift
        ids[unknown] = 1
        ends = np.cumsum([0, *counts])
        return ids, np.diff(np.append(0, np.cumsum(lengths, dtype=np.int64))[ends])

    @property
    def unknown_id(self) -> int | None:
        """The id of what the vocabulary does not know; None: there is no such thing."""
        return 1

    def lost(self, texts: Sequence[str], rows: Sequence[np.ndarray]) -> list[int]:
        """The number of characters of each text that its known tokens do not spell.

        White space does not count.

        Args:
          texts: normalized.
          rows: the ids of all of each, at least one unknown.
        """
        pairs = zip(texts, rows, strict=True)
        return [
            measures.visible(text) - int(self._spelt[row].sum()) for text, row in pairs
        ]

    @functools.cached_property
    def _spelt(self) -> np.ndarray:
        """The number of characters that each id stands for, int64 [V]."""
        marks = ("##",) if self.config.method == "wordpiece" else ()
        return measures.spelt(
            self.vocabulary, {*self.special_ids, self.unknown_id}, marks
        )

    @property
    def special_ids(self) -> frozenset[int]:
        """The ids that stand for no text."""
        return frozenset(range(self.first_word_id))

    @property
    def document_begin(self) -> int | None:
        """The id before every document of a corpus, as [CLS]; None without one."""
        return None

    @property
    def document_end(self) -> int | None:
        """The id that follows every document of a corpus, [EOS]; None without one."""
        return self.id_of(EOS) if EOS in self.config.special_tokens else None

    @property
    def begin_id(self) -> int | None:
        """The id that a causal model reads before a text's first token; None: none.

        As GPT-2 has it, it is the end of the text before: [EOS].
        """
        return self.eos_id

    @property
    def eos_id(self) -> int | None:
        """The id by which a model is taught that a text ends; None without one."""
        return self.document_end

    def special_names(self) -> Sequence[str]:
        """The special tokens that a task may need."""
        return self.config.special_tokens

    def encode_prompt(
        self, text: str, whole: bool = False, gaps: Sequence[str] = ()
    ) -> np.ndarray:
        """Returns the ids of a text, int32, uncut.

        Args:
          text: what to encode. Names of special tokens that stand in it are text, as
            everywhere, but for `gaps`.
          whole: whether it ends there, or goes on; it matters where a published
            model's tokens enclose it.
          gaps: names that are those special tokens, as [MASK] where it is to be filled.
        """
        if not gaps:
            return self._prompt_rows([text])[0]
        names = sorted(gaps, key=len, reverse=True)
        # texts and names by turns
        parts = re.split(f"({'|'.join(map(re.escape, names))})", text)
        texts, names = parts[::2], parts[1::2]
        if self.config.method in ("bpe", "unigram", "pretrained"):
            # a word's token holds the space before it, so what stands for words too
            texts = [*(part.rstrip() for part in texts[:-1]), texts[-1]]
        if self.config.method == "unigram":  # which puts a space before each text
            texts = [part.lstrip() for part in texts]
        rows = self._prompt_rows(texts)
        joined = [rows[0]]
        for name, row in zip(names, rows[1:], strict=True):
            joined += [[self.id_of(name)], row]
        return np.concatenate(joined).astype(np.int32)

    def decode(self, rows: Iterable[Sequence[int]]) -> list[str]:
        """Returns the text of each row, without its padding and special tokens."""
        return self._decode([self._strip(row) for row in rows])

    def tokens(self, row: Sequence[int]) -> list[str]:
        """Returns the row's tokens for display, special ones included."""
        return [self.vocabulary[id] for id in row]

    def id_of(self, token: str) -> int:
        """Returns the id of a token as `vocabulary` spells it."""
        if token not in self._ids:
            raise errors.UserError(f"The vocabulary must hold a token. Got {token!r}.")
        return self._ids[token]

    def graph(self):
        """A graphs.tokens.Tokens, which encodes in a TensorFlow graph.

        Raises:
          UserError: this method cannot.
        """
        from tfm.inputs.text.graphs import tokens

        return tokens.of(self)

    def spelling(self):
        """A graphs.spelling.Spelling, `decode` in a TensorFlow graph.

        Raises:
          UserError: this method's texts cannot be spelt there.
        """
        from tfm.inputs.text.graphs import spelling

        return spelling.Spelling(self)

    def save(self, folder: str | pathlib.Path) -> None:
        """Writes all that `load` needs, and vocab.txt: a token a line, from id 0 on."""
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self._save(folder)
        # as in JSON strings, "\n" stands for a line feed
        lines = [json.dumps(t, ensure_ascii=False)[1:-1] for t in self.vocabulary]
        _write(folder / "vocab.txt", "\n".join(lines) + "\n")
        # last, since `load` takes a folder with this file for whole
        fields = dataclasses.asdict(self.config)
        _write(folder / settings.FILE, json.dumps(fields, indent=2) + "\n")

    def _prompt_rows(self, texts: list[str]) -> list[np.ndarray]:
        """The ids of the parts of a prompt."""
        return self.encode(texts, truncate=False)

    def _finish(self, row: Sequence[int]) -> np.ndarray:
        row = np.asarray(row, np.int32)
        return np.where(row == 0, 1, row + self._shift).astype(np.int32)

    def _strip(self, row: Sequence[int]) -> np.ndarray:
        row = np.asarray(row, np.int64)
        row = row[(row == 1) | (row > self._shift)]
        return np.maximum(row - self._shift, 0)

    @classmethod
    @abc.abstractmethod
    def learn(cls, config: settings.Tokenization, texts: Iterable[str]) -> "Tokenizer":
        """Returns a tokenizer with the vocabulary of the texts."""

    @classmethod
    @abc.abstractmethod
    def load(cls, config: settings.Tokenization, folder: pathlib.Path) -> "Tokenizer":
        """Returns the tokenizer whose `_save` wrote to the folder."""

    @abc.abstractmethod
    def _encode(self, texts: list[str]) -> Iterable[Sequence[int]]:
        """Normalized texts to the backend's ids."""

    @abc.abstractmethod
    def _decode(self, rows: list[np.ndarray]) -> list[str]:
        """The backend's ids to texts."""

    @abc.abstractmethod
    def _save(self, folder: pathlib.Path) -> None:
        """Writes the backend's own file."""


def _chunks(texts: list[str]) -> Iterator[list[str]]:
    """Yields the texts again, few at a time, and so many characters."""
    chunk, characters = [], 0
    for text in texts:
        if len(chunk) == CHUNK or chunk and characters + len(text) > LONGEST:
            yield chunk
            chunk, characters = [], 0
        chunk.append(text)
        characters += len(text)
    if chunk:
        yield chunk


def _write(path: pathlib.Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
