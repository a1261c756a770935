"""Preprocessor of stacking: texts to the scores of each part.

N texts, P parts, C classes, V features.
"""

import dataclasses
import hashlib
import json
import pathlib
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence

import numpy as np
from sklearn import preprocessing

from tfm import errors
from tfm import interfaces
from tfm.inputs import saved_fields
from tfm.inputs.stacking import features as features_module
from tfm.inputs.stacking import parts
from tfm.inputs.stacking import settings
from tfm.inputs.text import measures

FIELDS = "stacking.json"
ARRAYS = "stacking.npz"


class StackingPreprocessor:
    """Texts to scores float32 [P, C]; see interfaces.Preprocessor.

    Args:
      config: an inputs.Stacked.
      classes: C names, in the order of the scores.
      features: of texts for each part, a Features.
      machines: of each part.
      scales: float32 [P], by which scores are divided.
      known: {hash of a training text: its scores out of fold, float32 [P, C]}.

    Attributes:
      classes: as given; the task's head takes the scores by these names.
      stored: scores float32 [P, C].
      specs: the same.
      limits: tokens of a text that the part vectors reads; see data.cuts.
      usually_unknown: the share of characters up to which it is not warned of.
    """

    def __init__(self, config, classes, features, machines, scales, known):
        self.config = config
        self.classes = tuple(classes)
        self._features, self._machines = features, machines
        self._scales, self._known = scales, known
        shape = (len(config.parts), len(self.classes))
        self.stored = {"scores": interfaces.Spec(shape, "float32")}
        self.specs = self.stored
        self.limits = {"scores": ("tokens", config.max_length)}
        self.usually_unknown = measures.usually_unknown("pretrained")

    def encode(self, rows: Sequence[interfaces.Row]) -> dict[str, list[np.ndarray]]:
        """{"scores": float32 [P, C]} of each row's text; of training texts as kept."""
        texts = [row["text"] for row in rows]
        found = [self._known.get(_digest(text)) for text in texts]
        new = [row for row, scores in enumerate(found) if scores is None]
        if new:
            scores_NPC = self._scores([texts[row] for row in new])
            for row, scores_PC in zip(new, scores_NPC, strict=True):
                found[row] = scores_PC
        return {"scores": found}

    def encode_measured(
        self, rows: Sequence[interfaces.Row]
    ) -> tuple[dict[str, list[np.ndarray]], dict[str, np.ndarray]]:
        """As `encode`; with vectors, and {"scores": text.measures.FIELDS [n]}."""
        counts = self._features.counts([row["text"] for row in rows])
        return self.encode(rows), {} if counts is None else {"scores": counts}

    def _scores(self, texts: Sequence[str]) -> np.ndarray:
        scores = [
            machines.scores(features_NV) / scale
            for features_NV, machines, scale in zip(
                self._features(texts), self._machines, self._scales, strict=True
            )
        ]
        return np.stack(scores, axis=1).astype(np.float32)

    def graph(self) -> Callable[[Mapping, object], Mapping]:
        """(arrays, seeds) -> the same arrays: nothing is augmented."""
        return lambda stored, seeds: dict(stored)

    def save(self, folder: pathlib.Path) -> None:
        """Writes what features need, the machines, and the training texts' scores."""
        fields = dataclasses.asdict(self.config) | {"classes": self.classes}
        body = json.dumps(fields, indent=1, ensure_ascii=False)
        (folder / FIELDS).write_text(body + "\n", encoding="utf-8")
        self._features.save(folder)
        shape = (0, *self.stored["scores"].shape)
        arrays = {
            "scales": self._scales,
            "digests": np.array([*self._known], "S16"),
            "scores": np.stack([*self._known.values()] or np.zeros(shape)),
        }
        for number, machines in enumerate(self._machines):
            arrays[f"weights_{number}"] = machines.weights
            arrays[f"bias_{number}"] = machines.bias
        np.savez(folder / ARRAYS, **arrays)


def fit(
    config: settings.StackingSettings, rows: Iterable[interfaces.Row]
) -> StackingPreprocessor:
    """Fits n-grams and parts on rows with "text" and "label"."""
    texts, labels = [], []
    for row in rows:
        if "label" not in row:
            raise errors.UserError(
                "inputs.Stacked is fitted on texts with labels. Use data.LabeledText."
            )
        texts.append(row["text"])
        value = row["label"]
        labels.append(value if isinstance(value, (list, tuple)) else [value])
    if not texts:
        raise errors.UserError("inputs.Stacked needs a text to be fitted on. Got none.")
    binarizer = preprocessing.MultiLabelBinarizer()
    target_NC = binarizer.fit_transform(labels).astype(bool)
    features = features_module.fit(config, texts, target_NC.shape[1])
    machines, scales, scores = [], [], []
    for own_NV in features(texts):
        machines.append(parts.fit(own_NV, target_NC))
        found_NC = parts.out_of_fold(own_NV, target_NC, config.folds)
        scales.append(found_NC.std() + 1e-6)
        scores.append(found_NC / scales[-1])
    scores_NPC = np.stack(scores, axis=1).astype(np.float32)
    known = dict(zip(map(_digest, texts), scores_NPC, strict=True))
    scales = np.array(scales, np.float32)
    return StackingPreprocessor(
        config, map(str, binarizer.classes_), features, machines, scales, known
    )


def load(
    config: settings.StackingSettings, folder: pathlib.Path
) -> StackingPreprocessor:
    """The preprocessor that was saved in a folder, as `config` wants it."""
    path = folder / FIELDS
    if not path.is_file():
        raise errors.UserError(f"{folder} holds no stacking ({FIELDS}).")
    saved = json.loads(path.read_text(encoding="utf-8"))
    classes = saved.pop("classes")
    fields = dataclasses.asdict(config)
    saved_fields.check_same(fields, saved, folder, "scores")
    arrays = np.load(folder / ARRAYS)
    features = features_module.load(config, folder)
    machines = [
        parts.Machines(arrays[f"weights_{number}"], arrays[f"bias_{number}"])
        for number in range(len(config.parts))
    ]
    digests = (bytes(digest).ljust(16, b"\0") for digest in arrays["digests"])
    known = dict(zip(digests, arrays["scores"], strict=True))
    return StackingPreprocessor(
        config, classes, features, machines, arrays["scales"], known
    )


def _digest(text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=16).digest()
