"""Unigram pieces by sentencepiece, https://arxiv.org/abs/1808.06226."""

import collections
import io
import pathlib
import random
import re
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence

import numpy as np
import sentencepiece

from tfm.inputs.text import normalization
from tfm.inputs.text import settings
from tfm.inputs.text import tokenizer

SAMPLE = 200_000  # lines that the pieces are learnt from, at the most
# Up to 1000 characters of a line, to the end of a word where there is one.
_LINE = re.compile(r"\S(?:.{0,999}(?!\S)|.{0,999})")
# sentencepiece means a space by the first and skips lines with the second
_MARKS = "\u2581\u2585"


class Unigram(tokenizer.Tokenizer):
    """Pieces chosen for the likeliest text; characters without one become bytes."""

    FILE = "sentencepiece.model"
    joins_pieces = True

    def __init__(self, config: settings.Tokenization, model: bytes):
        self._library = sentencepiece.SentencePieceProcessor(model_proto=model)
        size = self._library.get_piece_size()
        super().__init__(config, map(self._library.id_to_piece, range(1, size)))

    @classmethod
    def learn(cls, config: settings.Tokenization, texts: Iterable[str]) -> "Unigram":
        size = config.vocab_size - len(config.reserved) + 1  # with its unknown
        sample = _sample(_lines(normalization.stream(texts, config)))
        sample = _drop_rare_characters(sample, (size - 257) // 2)
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(sample),
            model_writer=model,
            model_type="unigram",
            vocab_size=size,
            hard_vocab_limit=False,  # few texts give fewer pieces
            byte_fallback=True,
            unk_id=0,
            bos_id=-1,
            eos_id=-1,
            pad_id=-1,
            unk_surface=settings.UNKNOWN,
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            max_sentence_length=10_000,  # bytes; longer lines would be dropped
            num_threads=16,  # the sums, and so the pieces, depend on it
            minloglevel=2,
        )
        return cls(config, model.getvalue())

    @classmethod
    def load(cls, config: settings.Tokenization, folder: pathlib.Path) -> "Unigram":
        return cls(config, (folder / cls.FILE).read_bytes())

    def _encode(self, texts: list[str]) -> Iterable[Sequence[int]]:
        return self._library.encode(texts, out_type=int)

    def _decode(self, rows: list[np.ndarray]) -> list[str]:
        return [self._library.decode(row.tolist()) for row in rows]

    def _save(self, folder: pathlib.Path) -> None:
        (folder / self.FILE).write_bytes(self._library.serialized_model_proto())


def _lines(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        for line in _LINE.findall(text):
            yield " ".join(line.split())  # tabs and the like become bytes in use


def _sample(lines: Iterable[str]) -> list[str]:
    """Keeps SAMPLE lines, each line with the same chance (Vitter's algorithm R)."""
    chance = random.Random(0)
    sample = []
    for number, line in enumerate(lines, start=1):
        if number <= SAMPLE:
            sample.append(line)
        elif (place := chance.randrange(number)) < SAMPLE:
            sample[place] = line
    return sample


def _drop_rare_characters(lines: list[str], num_kept: int) -> list[str]:
    """Leaves half of the vocabulary to longer pieces; the rare become bytes in use."""
    counts = collections.Counter()
    for line in lines:
        counts.update(line)
    for mark in " " + _MARKS:
        counts.pop(mark, None)
    order = sorted(counts, key=lambda character: (-counts[character], character))
    drop = str.maketrans("", "", "".join(order[num_kept:]) + _MARKS)
    return [kept for line in lines if (kept := line.translate(drop)).strip()]
