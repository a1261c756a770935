"""Figures of an evaluation: scores by class, confusion matrix, samples of a split."""

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from tests.tasks.classification.objective_test import objective
from tests.tasks.text_classification_test import NAMES

SIZE = 500


class Split:
    """Rows by their number, of which only those that are shown may be asked for."""

    def __init__(self, **columns):
        self._columns = columns
        self.asked = []

    def __len__(self):
        return SIZE

    def rows(self, indices):
        self.asked.append(len(indices))
        return [{n: of(int(i)) for n, of in self._columns.items()} for i in indices]

    def origins(self, indices):
        return [f"photos.csv:{index}" for index in indices]


def _text(index):
    return f"text number {index}"


def _evaluated(split, multi_label=False):
    """An evaluation of a split that is sorted by label, its results and its order."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(SIZE, 3))
    if multi_label:
        labels = (rng.random((SIZE, 3)) < 0.4).astype(np.float32)
    else:
        labels = np.repeat([0, 1, 2], [300, 150, 50])
    rows = np.arange(SIZE)[::-1]  # results may be in any order
    results = {"logits": logits, "label": labels, "row": rows}
    made = objective(multi_label)
    return made.compute_metrics(results, split), made, results


@pytest.fixture(scope="module")
def found():
    split = Split(label=lambda _: "bad", text=_text)
    evaluation, made, results = _evaluated(split)
    return evaluation, made, results, split


def test_scores_by_class_are_the_metrics(found):
    evaluation, *_ = found
    table = evaluation.figures["classes"]
    assert table.columns == ("class", "precision", "recall", "f1")
    assert [row[0] for row in table.rows] == list(NAMES)
    for name, *scores in table.rows:
        for kind, score in zip(table.columns[1:], scores, strict=True):
            assert score == evaluation.metrics[f"{kind}/{name}"]
    assert evaluation.metrics["precision/bad"] != evaluation.metrics["recall/bad"]


def test_the_confusion_matrix_is_scikit_learns(found):
    evaluation, made, results, _ = found
    matrix = evaluation.figures["confusion_matrix"]
    told = made.decide(results["logits"])
    expected = sklearn_metrics.confusion_matrix(results["label"], told)
    np.testing.assert_array_equal(matrix.counts, expected)
    assert (matrix.rows, matrix.columns, matrix.panels) == (NAMES, NAMES, ())
    assert matrix.axes == ("true", "predicted")


def test_multi_label_has_a_panel_for_each_label():
    evaluation, made, results = _evaluated(Split(text=_text), multi_label=True)
    matrix = evaluation.figures["confusion_matrix"]
    told = made.decide(results["logits"])
    expected = sklearn_metrics.multilabel_confusion_matrix(results["label"], told)
    np.testing.assert_array_equal(matrix.counts, expected)
    assert (matrix.rows, matrix.panels) == (("no", "yes"), NAMES)
    samples = evaluation.figures["predictions"]
    marks = [predicted.endswith(" ✗") for _, _, predicted, _ in samples.rows]
    for (_, true, predicted, _), mark in zip(samples.rows, marks, strict=True):
        assert (predicted == true) != mark
    assert 0 < sum(marks) < len(marks)
    places = np.unique(np.linspace(0, SIZE - 1, 20, dtype=int))
    given = [
        [name for name, yes in zip(NAMES, row, strict=True) if yes]
        for row in results["label"][places]
    ]
    assert [row[1] for row in samples.rows] == [
        ", ".join(names) or "(none)" for names in given
    ]
    assert {0, 2} <= {*map(len, given)}


def test_samples_are_spread_over_the_whole_split(found):
    evaluation, made, results, split = found
    samples = evaluation.figures["predictions"]
    assert samples.columns == ("text", "true", "predicted", "probability")
    assert split.asked == [20, 20]  # and as many mistakes; no more texts are read
    places = np.unique(np.linspace(0, SIZE - 1, 20, dtype=int))
    rows = results["row"][places]
    assert [row[0] for row in samples.rows] == [f"text number {row}" for row in rows]
    true = [NAMES[results["label"][place]] for place in places]
    assert [row[1] for row in samples.rows] == true
    assert {*true} == {*NAMES}  # not the head of it, which is of one class


def test_a_sample_has_what_the_model_says_and_how_sure_it_is(found):
    evaluation, made, results, _ = found
    places = np.unique(np.linspace(0, SIZE - 1, 20, dtype=int))
    p = made.probabilities(results["logits"][places])
    wrong = 0
    for row, p_of_row in zip(evaluation.figures["predictions"].rows, p, strict=True):
        _, true, predicted, probability = row
        name = NAMES[p_of_row.argmax()]
        assert predicted == (name if name == true else f"{name} ✗")
        assert probability == pytest.approx(p_of_row.max())
        wrong += name != true
    assert 0 < wrong < len(p)


def test_what_is_no_text_is_shown_by_its_origin():
    evaluation, *_ = _evaluated(Split(label=lambda _: "bad", image=lambda _: b"png"))
    samples = evaluation.figures["predictions"]
    assert samples.columns == ("origin", "true", "predicted", "probability")
    assert samples.rows[0][0] == f"photos.csv:{SIZE - 1}"
