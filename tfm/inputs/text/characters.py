"""Characters and bytes as tokens: table look-ups, without a library."""

import json
import pathlib
from collections.abc import Iterable
from collections.abc import Sequence

import numpy as np

from tfm.inputs.text import normalization
from tfm.inputs.text import settings
from tfm.inputs.text import tokenizer

_NUM_CODE_POINTS = 0x110000


class Characters(tokenizer.Tokenizer):
    """Each Unicode character (code point) is a token; white space too."""

    FILE = "characters.json"

    def __init__(self, config: settings.Tokenization, alphabet: str):
        super().__init__(config, alphabet)
        self._alphabet = alphabet
        self._table = np.zeros(_NUM_CODE_POINTS, np.int32)
        self._table[_code_points(alphabet)] = np.arange(1, len(alphabet) + 1)

    @classmethod
    def learn(cls, config: settings.Tokenization, texts: Iterable[str]) -> "Characters":
        counts = np.zeros(_NUM_CODE_POINTS, np.int64)
        for text in normalization.stream(texts, config):
            np.add.at(counts, _code_points(text), 1)
        room = config.vocab_size - len(config.reserved)
        order = np.argsort(-counts, kind="stable")[:room]  # ties by code point
        return cls(config, "".join(chr(code) for code in order if counts[code]))

    @classmethod
    def load(cls, config: settings.Tokenization, folder: pathlib.Path) -> "Characters":
        return cls(config, json.loads((folder / cls.FILE).read_text("utf-8")))

    def _encode(self, texts: list[str]) -> Iterable[Sequence[int]]:
        return (self._table[_code_points(text)] for text in texts)

    def _decode(self, rows: list[np.ndarray]) -> list[str]:
        letters = [settings.UNKNOWN, *self._alphabet]
        return ["".join(letters[id] for id in row) for row in rows]

    def _save(self, folder: pathlib.Path) -> None:
        text = json.dumps(self._alphabet, ensure_ascii=False)
        (folder / self.FILE).write_text(text, encoding="utf-8")


class Bytes(tokenizer.Tokenizer):
    """Each byte of the text in UTF-8 is a token: nothing to learn or to save."""

    def __init__(self, config: settings.Tokenization):
        codes = (bytes([code]) for code in range(256))
        super().__init__(config, (c.decode(errors="backslashreplace") for c in codes))

    @classmethod
    def learn(cls, config: settings.Tokenization, texts: Iterable[str]) -> "Bytes":
        return cls(config)

    @classmethod
    def load(cls, config: settings.Tokenization, folder: pathlib.Path) -> "Bytes":
        return cls(config)

    def _encode(self, texts: list[str]) -> Iterable[Sequence[int]]:
        return (np.frombuffer(text.encode(), np.uint8) + np.int32(1) for text in texts)

    def _decode(self, rows: list[np.ndarray]) -> list[str]:
        # a model's own rows may hold unknowns and broken sequences
        rows = [(row[row > 0] - 1).astype(np.uint8) for row in rows]
        return [row.tobytes().decode(errors="replace") for row in rows]

    def _save(self, folder: pathlib.Path) -> None:
        pass


def _code_points(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le"), "<u4")
