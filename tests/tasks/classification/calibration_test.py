"""Calibration errors by hand, temperatures that are known, decisions that stay."""

import numpy as np
import pytest
from scipy import special

from tests.tasks.classification.objective_test import LABELS
from tests.tasks.classification.objective_test import LOGITS
from tests.tasks.classification.objective_test import MULTI
from tests.tasks.classification.objective_test import objective
from tfm.tasks.classification import calibration

ece = calibration.expected_calibration_error


def _drawn(scale: float, num=20_000, multi_label=False, seed=0):
    """Logits that are `scale` times too large for their labels, drawn from them."""
    rng = np.random.default_rng(seed)
    logits_NC = rng.normal(size=(num, 3)) * 1.5
    if multi_label:
        labels = (rng.random((num, 3)) < special.expit(logits_NC)).astype(np.float32)
    else:
        labels = np.argmax(logits_NC + rng.gumbel(size=(num, 3)), axis=1)
    return (scale * logits_NC).astype(np.float32), labels


def test_expected_calibration_error_by_hand():
    p = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])
    # 0.9 with half of two right: 2 x 0.4; 0.6 right: 0.4; 0.8 right: 0.2
    assert ece(p, np.array([0, 1, 0, 1])) == pytest.approx(1.4 / 4)
    assert ece(np.eye(2), np.array([0, 1])) == 0.0
    assert ece(np.eye(2), np.array([1, 0])) == 1.0


def test_gaps_in_a_bin_make_up_for_each_other_and_its_upper_edge_is_its_own():
    p = np.array([[0.6, 0.4], [0.55, 0.45]])  # both in (8/15, 9/15]
    assert ece(p, np.array([0, 1])) == pytest.approx(abs(0.4 - 0.55) / 2)
    assert ece(p, np.array([0, 1]), bins=100) == pytest.approx((0.4 + 0.55) / 2)


def test_three_classes_and_what_the_confidence_is():
    p = np.array([[0.4, 0.35, 0.25], [0.1, 0.1, 0.8]])
    assert ece(p, np.array([1, 2])) == pytest.approx((0.4 + 0.2) / 2)


def test_each_label_of_a_multi_label_example_is_a_decision():
    p, labels = np.array([[0.9, 0.2], [0.3, 0.6]]), np.array([[1, 0], [1, 1]])
    # 0.9 right, 0.8 right, 0.7 wrong, 0.6 right
    assert ece(p, labels) == pytest.approx((0.1 + 0.2 + 0.7 + 0.4) / 4)


@pytest.mark.parametrize("multi_label", [False, True])
@pytest.mark.parametrize("scale", [0.4, 1.0, 3.0])
def test_the_temperature_is_the_scale_of_the_logits(scale, multi_label):
    logits, labels = _drawn(scale, multi_label=multi_label)
    assert calibration.temperature(logits, labels) == pytest.approx(scale, rel=0.03)


@pytest.mark.parametrize("num", [1, 7, 60, 500])
def test_the_cost_is_least_there_of_all_temperatures(num):
    logits, labels = _drawn(3.0, num, seed=num)
    tried = np.linspace(-3, 3, 3001)

    def cost(log_t):
        log_p = special.log_softmax(logits.astype(np.float64) / np.exp(log_t), axis=1)
        return -log_p[np.arange(num), labels].sum() + 0.5 * (log_t / 0.2) ** 2

    least = tried[np.argmin([cost(log_t) for log_t in tried])]
    found = np.log(calibration.temperature(logits, labels))
    assert found == pytest.approx(least, abs=2e-3)


def test_few_rows_and_separated_classes_leave_it_sane():
    for num, low in [(1, 0.98), (10, 0.9), (20_000, 0.1)]:
        right = np.tile([[2.0, -2.0]], (num, 1))
        none_wrong = calibration.temperature(right, np.zeros(num, int))
        assert low < none_wrong < 1
    wrong = calibration.temperature(np.array([[2.0, -2.0]]), np.array([1]))
    assert 1 < wrong < 1.2
    all_wrong = calibration.temperature(1e6 * right, np.ones(num, int))
    assert all_wrong == pytest.approx(np.exp(3), rel=1e-3)
    assert calibration.temperature(np.zeros((5, 3)), np.zeros(5, int)) == (
        pytest.approx(1, abs=1e-4)
    )
    assert calibration.temperature(np.array([[np.nan, 0.0]]), np.array([0])) == 1.0


def test_of_few_examples_it_leaves_a_calibrated_model_calibrated():
    logits, labels = _drawn(1.0, num=20_000)
    parts = zip(np.split(logits, 400), np.split(labels, 400), strict=True)  # 50 each
    found = np.log([calibration.temperature(*part) for part in parts])
    assert abs(found.mean()) < 0.02 and found.std() < 0.13
    overconfident = calibration.temperature(3 * logits[:200], labels[:200])
    assert overconfident > 1.6


@pytest.mark.parametrize("multi_label", [False, True])
def test_an_overconfident_model_is_calibrated_and_decides_as_before(multi_label):
    fields = {"multi_label": multi_label, "threshold": 0.3}
    made = objective(**fields)
    logits, labels = _drawn(3.0, 3000, multi_label)
    fitted = made.finish({"logits": logits, "label": labels}, None)
    after = made.finished(fitted)

    logits, labels = _drawn(3.0, 3000, multi_label, seed=1)  # that it has not seen
    told, raw = (o.predictions({"logits": logits}, None) for o in (after, made))
    assert [one["label"] for one in told] == [one["label"] for one in raw]
    squash = special.expit if multi_label else lambda z: special.softmax(z, axis=1)
    wanted = squash(logits.astype(np.float64) / fitted["temperature"])
    found = np.array([list(one["probabilities"].values()) for one in told])
    np.testing.assert_allclose(found, wanted, rtol=1e-9)
    before = np.array([list(one["probabilities"].values()) for one in raw])
    assert ece(found, labels) < 0.03 < 0.1 < ece(before, labels)


class Split:
    """Rows without text."""

    def rows(self, places):
        return [{} for _ in places]

    def origins(self, places):
        return [f"x:{place}" for place in places]


@pytest.mark.parametrize(("labels", "multi_label"), [(LABELS, False), (MULTI, True)])
def test_calibration_changes_no_metric_but_ece(labels, multi_label):
    made = objective(multi_label=multi_label)
    results = {"logits": LOGITS, "label": labels, "row": np.arange(4)}
    before = made.compute_metrics(results, Split()).metrics
    after = made.finished({"temperature": np.array(2.5)})
    after = after.compute_metrics(results, Split()).metrics
    wanted = ece(made.probabilities(LOGITS / 2.5), labels)
    assert after.pop("ece") == pytest.approx(wanted) != before["ece"]
    assert after.pop("ece_uncalibrated") == before.pop("ece")
    assert after == before


def test_nothing_is_fitted_without_calibrate():
    results = {"logits": LOGITS, "label": LABELS}
    assert objective(calibrate=False).finish(results, None) == {}
