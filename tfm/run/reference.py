"""A simple reference beside each classifier: a linear SVM over TF-IDF of n-grams.

It is fitted on the same training split, at a fraction of the run's cost. A model that
does not beat it is not worth its time.
"""

import dataclasses
import warnings
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence

import numpy as np

from tfm import interfaces
from tfm.inputs import stacking
from tfm.inputs.ngrams import scripts
from tfm.inputs.stacking import features
from tfm.inputs.stacking import parts

NAME = "linear SVM over TF-IDF"
_KINDS = ("category", "categories")  # of columns that it predicts
_BYTES = 20_000_000  # of text that it is fitted on at the most
_FEWEST = 3_000_000  # bytes that it is fitted on, however short the training was
_RATE = 500_000  # bytes that it takes in a second of CPU time, scoring included
_ROWS = 4096  # read at a time
_FEATURES = 2**21  # n-grams that it knows at the most


@dataclasses.dataclass(frozen=True)
class Scores:
    """Metrics of the reference.

    Attributes:
      metrics: accuracy and f1_macro by split.
      note: what it was fitted on, where that was not all; or empty.
    """

    metrics: Mapping[str, Mapping[str, float]]
    note: str = ""


def as_scores(found: Scores) -> dict[str, dict[str, float]]:
    """As metrics.json has them: "reference" on test, "reference_validation"."""
    by_split = dict(found.metrics)
    last = by_split.get("test") or by_split.get("validation", {})
    return {
        "reference": dict(last),
        "reference_validation": dict(by_split.get("validation", {})),
    }


def compared(scores: Mapping[str, Mapping[str, float]], best_metric: str) -> list[str]:
    """Lines that say so where the reference is better than the model.

    Args:
      scores: as metrics.json has them.
      best_metric: of the run; accuracy where the reference has it not.
    """
    theirs = scores.get("reference", {})
    ours = scores.get("test") or scores.get("validation", {})
    metric = best_metric if best_metric in theirs else "accuracy"
    if metric not in theirs or metric not in ours or ours[metric] >= theirs[metric]:
        return []
    return [
        f"Reference    a {NAME} is better: {metric} {theirs[metric]:.4f}, this model "
        f"{ours[metric]:.4f}",
        "Try          --data.train=FILE without an experiment: auto stacks linear",
        "             classifiers; models.Together, an LSTM joined with n-grams; or",
        "             finetune, all-MiniLM-L6-v2 with a new head",
    ]


def applies(columns: Mapping[str, interfaces.Column], inputs: interfaces.Inputs):
    """The names of the text columns and of the one to predict; none for other kinds."""
    labels = [name for name, column in columns.items() if column.kind in _KINDS]
    texts = [name for name, kinds in inputs.columns.items() if "text" in kinds]
    return (texts, labels[0]) if texts and len(labels) == 1 else None


def scores(
    splits: Mapping[str, interfaces.Split],
    columns: Mapping[str, interfaces.Column],
    inputs: interfaces.Inputs,
    cpu_seconds: float,
) -> Scores | None:
    """Fits the reference on "train", and scores it on the other splits.

    Args:
      splits: by name; empty ones are left out.
      columns: the data's.
      inputs: which say where the text is.
      cpu_seconds: that it may take, roughly.

    Returns:
      None where there is no text, or not one column of classes.
    """
    found = applies(columns, inputs)
    if found is None:
        return None
    texts, label = found
    several = columns[label].kind == "categories"
    read = _Reader(texts, label, several)
    train = splits["train"]
    most = min(_BYTES, max(_FEWEST, int(cpu_seconds * _RATE)))
    rows = read.sample(train, most)
    svm = _fitted(*read(train, rows), several)
    metrics = {
        name: svm.metrics(*read(split, np.arange(len(split))))
        for name, split in splits.items()
        if name != "train" and len(split)
    }
    note = ""
    if len(rows) < len(train):
        note = f"fitted on {len(rows):,} of {len(train):,} texts, to save time"
    return Scores(metrics, note)


class _Reader:
    """Texts and labels of a split's rows.

    Args:
      texts: columns, which are joined.
      label: the column to predict.
      several: whether a row has any number of labels.
    """

    def __init__(self, texts: Sequence[str], label: str, several: bool):
        self._texts, self._label, self._several = texts, label, several

    def __call__(self, split: interfaces.Split, rows: np.ndarray):
        """Texts [n] and labels [n], each a name or a tuple of names."""
        texts, labels = [], []
        for row in _rows(split, rows):
            texts.append(" ".join(str(row[name]) for name in self._texts))
            labels.append(self._label_of(row))
        return texts, labels

    def _label_of(self, row: interfaces.Row):
        value = row[self._label]
        return tuple(value) if self._several else value

    def sample(self, split: interfaces.Split, most: int) -> np.ndarray:
        """The rows to fit on: all, or a stratified sample of so many bytes of text."""
        every = np.arange(len(split))
        sizes, labels = [], []
        for row in _rows(split, every):
            sizes.append(sum(len(str(row[name]).encode()) for name in self._texts))
            labels.append(self._label_of(row))
        if sum(sizes) <= most:
            return every
        order = np.random.default_rng(0).permutation(len(split))
        by_label: dict[object, int] = {}
        ranks = np.zeros(len(split))
        for row in order:  # each label's rows come at even distances
            count = by_label[labels[row]] = by_label.get(labels[row], -1) + 1
            ranks[row] = count
        totals = np.array([by_label[labels[row]] + 1 for row in range(len(split))])
        chosen = np.argsort(ranks / totals, kind="stable")
        ends = np.cumsum(np.array(sizes)[chosen])
        return np.sort(chosen[: max(2, np.searchsorted(ends, most))])


def _rows(split: interfaces.Split, rows: np.ndarray) -> Iterator[interfaces.Row]:
    for start in range(0, len(rows), _ROWS):
        yield from split.rows(rows[start : start + _ROWS])


class _Svm:
    """The fitted reference.

    Args:
      found: the stacking.Features of one part.
      binarizer: from tuples of labels to bool [n, C].
      machines: of each class.
      several: whether a text has any number of labels.
    """

    def __init__(self, found, binarizer, machines: parts.Machines, several: bool):
        self._features, self._binarizer = found, binarizer
        self._machines, self._several = machines, several

    def metrics(self, texts: Sequence[str], labels: Sequence) -> dict[str, float]:
        """accuracy and f1_macro, as the model's are defined."""
        from sklearn import metrics

        (features_NV,) = self._features(texts)
        scores_NC = self._machines.scores(features_NV)
        predicted_NC = scores_NC > 0
        if not self._several:
            predicted_NC = np.eye(scores_NC.shape[1], dtype=bool)[scores_NC.argmax(1)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of labels that were not fitted on
            true_NC = self._binarizer.transform(_tuples(labels, self._several))
            f1 = metrics.f1_score(
                true_NC, predicted_NC, average="macro", zero_division=0
            )
        right_N = (true_NC == predicted_NC).all(axis=1)
        return {"accuracy": float(right_N.mean()), "f1_macro": float(f1)}


def _tuples(labels: Sequence, several: bool) -> list[tuple]:
    return list(labels) if several else [(label,) for label in labels]


def _fitted(texts: Sequence[str], labels: Sequence, several: bool) -> _Svm:
    from sklearn import preprocessing

    sizes = scripts.sizes(scripts.unspaced_share(texts[:300]))
    config = stacking.Stacked(parts=("ngrams",), **sizes, max_features=_FEATURES)
    binarizer = preprocessing.MultiLabelBinarizer()
    target_NC = binarizer.fit_transform(_tuples(labels, several)).astype(bool)
    found = features.fit(config, texts, target_NC.shape[1])
    machines = parts.fit(*found(texts), target_NC)
    return _Svm(found, binarizer, machines, several)
