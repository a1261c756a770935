"""Preprocessor of sentence vectors: texts to a vector each."""

import dataclasses
import json
import pathlib
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence

import numpy as np

from tfm import errors
from tfm import interfaces
from tfm.inputs import saved_fields
from tfm.inputs.sentence_vectors import encoder as encoder_module
from tfm.inputs.sentence_vectors import settings
from tfm.inputs.text import measures

FIELDS = "sentence_vectors.json"
_FREE = ("preset",)  # which the folder's own weights stand for


class VectorPreprocessor:
    """Texts to vectors float32 [D]; see interfaces.Preprocessor.

    Args:
      config: an inputs.SentenceVectors.
      encoder: of its preset.

    Attributes:
      stored: features float32 [D].
      specs: the same.
      limits: tokens that the model reads of a text; see data.cuts.
      usually_unknown: the share of characters up to which it is not warned of.
    """

    def __init__(
        self,
        config: settings.VectorSettings,
        encoder: encoder_module.SentenceEncoder,
    ):
        self.config = config
        self._encoder = encoder
        self.stored = {"features": interfaces.Spec((encoder.width,), "float32")}
        self.specs = self.stored
        self.limits = {"features": ("tokens", config.max_length)}
        self.usually_unknown = measures.usually_unknown("pretrained")

    def encode(self, rows: Sequence[interfaces.Row]) -> dict[str, np.ndarray]:
        """{"features": float32 [n, D]}, whose entries have 1 as their mean square."""
        return self.encode_measured(rows)[0]

    def encode_measured(
        self, rows: Sequence[interfaces.Row]
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """As `encode`; and {"features": text.measures.FIELDS [n]}."""
        vectors_ND, counts = self._encoder.measured([row["text"] for row in rows])
        scaled_ND = vectors_ND * np.float32(np.sqrt(vectors_ND.shape[1]))
        return {"features": scaled_ND}, {"features": counts}

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of texts, float32 [N, D], of length 1."""
        return self._encoder(texts)

    def counts(self, texts: Sequence[str]) -> np.ndarray:
        """Counts of each text, text.measures.FIELDS [N]; without its vector."""
        return self._encoder.counts(texts)

    def graph(self) -> Callable[[Mapping, object], Mapping]:
        """(arrays, seeds) -> the same arrays: nothing is augmented."""
        return lambda stored, seeds: dict(stored)

    def save(self, folder: pathlib.Path) -> None:
        """Writes the fields, the tokenizer and the model."""
        body = json.dumps(_deciding(self.config), indent=1)
        (folder / FIELDS).write_text(body + "\n", encoding="utf-8")
        self._encoder.save(folder)


def fit(config: settings.VectorSettings) -> VectorPreprocessor:
    """Loads the preset."""
    return VectorPreprocessor(config, encoder_module.from_preset(config))


def load(config: settings.VectorSettings, folder: pathlib.Path) -> VectorPreprocessor:
    """The preprocessor that was saved in a folder, as `config` wants it."""
    path = folder / FIELDS
    if not path.is_file():
        raise errors.UserError(f"{folder} holds no sentence vectors ({FIELDS}).")
    saved = json.loads(path.read_text(encoding="utf-8"))
    fields = _deciding(config)
    saved_fields.check_same(fields, saved, folder, "sentence vectors")
    return VectorPreprocessor(config, encoder_module.load(config, folder))


def _deciding(config: settings.VectorSettings) -> dict:
    fields = dataclasses.asdict(config)
    return {name: value for name, value in fields.items() if name not in _FREE}
