"""Words, word pieces and byte pairs by the `tokenizers` library."""

import collections
import pathlib
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence

import numpy as np
import tokenizers
from tokenizers import decoders
from tokenizers import models
from tokenizers import pre_tokenizers
from tokenizers import trainers

from tfm.inputs.text import normalization
from tfm.inputs.text import settings
from tfm.inputs.text import tokenizer
from tfm.inputs.text import word_pieces
from tfm.inputs.text import word_rule

_MAX_REPEAT = 1000  # copies of a word in one text for the WordPiece trainer


class Words(tokenizer.Tokenizer):
    """Words (method "word"), WordPiece ("wordpiece") or byte-level BPE ("bpe")."""

    FILE = "tokenizer.json"

    def __init__(self, config: settings.Tokenization, library: tokenizers.Tokenizer):
        self._library = library
        self._divider = None
        if config.method == "wordpiece":
            self._divider = word_pieces.Divider(library.get_vocab(), _split())
        size = library.get_vocab_size()
        learnt = map(library.id_to_token, range(1, size))
        super().__init__(config, map(_readable, learnt) if _is_bpe(config) else learnt)

    @classmethod
    def learn(cls, config: settings.Tokenization, texts: Iterable[str]) -> "Words":
        size = config.vocab_size - len(config.reserved) + 1  # with its unknown
        texts = normalization.stream(texts, config)
        if config.method == "word":
            return cls(config, _words(texts, size, config.min_count))
        learn = {"wordpiece": _wordpieces, "bpe": _byte_pairs}
        return cls(config, learn[config.method](texts, size))

    @classmethod
    def load(cls, config: settings.Tokenization, folder: pathlib.Path) -> "Words":
        text = (folder / cls.FILE).read_text(encoding="utf-8")
        return cls(config, tokenizers.Tokenizer.from_str(text))

    @property
    def definition(self) -> str:
        """The library's JSON of it."""
        return self._library.to_str()

    def _encode(self, texts: list[str]) -> Iterable[Sequence[int]]:
        found = self._library.encode_batch_fast(texts)
        if self._divider is None:
            return (encoding.ids for encoding in found)
        return map(self._divided, texts, found)

    def _divided(self, text: str, encoding: tokenizers.Encoding) -> list[int]:
        ids = encoding.ids
        lost = word_pieces.UNKNOWN_ID in ids
        return self._divider.mended(text, ids) if lost else ids

    def _decode(self, rows: list[np.ndarray]) -> list[str]:
        return self._library.decode_batch([row.tolist() for row in rows])

    def _save(self, folder: pathlib.Path) -> None:
        text = self._library.to_str(pretty=True)
        (folder / self.FILE).write_text(text, encoding="utf-8")


def _words(texts: Iterator[str], size: int, min_count: int) -> tokenizers.Tokenizer:
    trainer = trainers.WordLevelTrainer(
        vocab_size=size,
        min_frequency=min_count,
        special_tokens=[settings.UNKNOWN],
        show_progress=False,
    )
    training = tokenizers.Tokenizer(models.WordLevel())
    training.pre_tokenizer = _split()
    training.train_from_iterator(texts, trainer)
    library = tokenizers.Tokenizer(
        models.WordLevel(training.get_vocab(), unk_token=settings.UNKNOWN)
    )
    library.pre_tokenizer = _split()
    return library


def _wordpieces(texts: Iterator[str], size: int) -> tokenizers.Tokenizer:
    """Learns WordPiece.

    The trainer numbers the characters that it meets in a random order and breaks ties
    by number. So the words are counted first, and it is told their characters.
    """
    split = _split()
    counts = collections.Counter()
    for text in texts:
        counts.update(word for word, _ in split.pre_tokenize_str(text))
    characters = collections.Counter()
    divisible = any(map(word_pieces.is_divisible, counts))
    for word, count in counts.items():
        for character in word_pieces.spell(word):
            characters[character] += count
        if word_pieces.is_divisible(word):
            for character in word_pieces.both(word):
                characters[character] += 0  # after all others
    order = sorted(characters, key=lambda spelt: (-characters[spelt], spelt))
    alphabet = sorted(order[: size - 1])
    # the trainer needs an "x" for each "##x", even if no word begins with it
    extra = sorted({spelt[-1] for spelt in alphabet} - set(alphabet))
    trainer = trainers.WordPieceTrainer(
        vocab_size=size + len(extra),
        min_frequency=2 if divisible else 0,
        special_tokens=[settings.UNKNOWN, *alphabet, *extra],
        show_progress=False,
    )
    training = tokenizers.Tokenizer(models.WordPiece(unk_token=settings.UNKNOWN))
    training.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    training.train_from_iterator(
        _repeat(counts, set(alphabet), 2 if divisible else 1), trainer
    )
    ids = training.get_vocab()
    pieces = sorted(ids.keys() - set(extra), key=ids.get)
    vocabulary = {piece: id for id, piece in enumerate(pieces)}
    library = tokenizers.Tokenizer(
        models.WordPiece(vocabulary, unk_token=settings.UNKNOWN)
    )
    library.pre_tokenizer = split
    library.decoder = decoders.WordPiece(cleanup=False)
    return library


def _repeat(
    counts: collections.Counter, alphabet: set[str], weight: int
) -> Iterator[str]:
    """Each word as often as it was counted; words that stay unknown are left out.

    Words that are not divisible count `weight` times. So where the trainer wants two
    occurrences of a piece, a word that is there once may be a piece, and a phrase
    without spaces may not: else each would be, as long as there is room.
    """
    for word, count in counts.items():
        if not word_pieces.is_divisible(word):
            count *= weight
        for part in word_pieces.learnable(word, alphabet):
            for start in range(0, count, _MAX_REPEAT):
                yield " ".join([part] * min(count - start, _MAX_REPEAT))


def _byte_pairs(texts: Iterator[str], size: int) -> tokenizers.Tokenizer:
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=2,
        special_tokens=[settings.UNKNOWN],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    training = tokenizers.Tokenizer(models.BPE())
    training.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    training.train_from_iterator(texts, trainer)
    # a new tokenizer on the same model forgets that [UNK] is matched inside texts
    library = tokenizers.Tokenizer(training.model)
    library.pre_tokenizer = training.pre_tokenizer
    library.decoder = decoders.ByteLevel()
    return library


def _split() -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Split(
        tokenizers.Regex(word_rule.LIBRARY), "removed", invert=True
    )


def _is_bpe(config: settings.Tokenization) -> bool:
    return config.method == "bpe"


# Byte-level BPE spells each byte as a visible character: itself where it has one.
_VISIBLE = [*range(33, 127), *range(161, 173), *range(174, 256)]
_BYTES = {chr(byte): byte for byte in _VISIBLE} | {
    chr(256 + number): byte
    for number, byte in enumerate(sorted(set(range(256)) - set(_VISIBLE)))
}


def _readable(piece: str) -> str:
    """Returns "ä½ł" as "你", and bytes that are no character as "\\xe4"."""
    return bytes(_BYTES[letter] for letter in piece).decode(errors="backslashreplace")
