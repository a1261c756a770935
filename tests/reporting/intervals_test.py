"""Bootstrap intervals: as wide as theory says, by rows, the same for the same seed."""

import numpy as np
import pytest

from tfm.reporting import intervals


def _accuracy(results):
    return {"accuracy": float(results["right"].mean())}


def test_the_interval_of_a_share_is_that_of_the_binomial():
    right = np.repeat([1.0, 0.0], [320, 80])
    results = {"right": right, "row": np.arange(400)}
    low, high = intervals.of_metrics(_accuracy, results, 1000)["accuracy"]
    deviation = np.sqrt(0.8 * 0.2 / 400)
    assert low == pytest.approx(0.8 - 1.96 * deviation, abs=0.008)
    assert high == pytest.approx(0.8 + 1.96 * deviation, abs=0.008)
    again = intervals.of_metrics(_accuracy, results, 1000)["accuracy"]
    assert again == (low, high)


def test_examples_of_one_row_are_drawn_together():
    rows = np.arange(100)
    right = (rows < 50).astype(float)
    once = {"right": right, "row": rows}
    order = np.random.default_rng(0).permutation(400)
    four = {"right": np.tile(right, 4)[order], "row": np.tile(rows, 4)[order]}
    (low, high), (low4, high4) = (
        intervals.of_metrics(_accuracy, results, 500)["accuracy"]
        for results in (once, four)
    )
    assert high4 - low4 == pytest.approx(high - low, rel=0.01)


def test_a_metric_that_a_resample_has_not_has_no_interval():
    def scores(results):
        found = {"size": float(len(results["row"]))}
        return found | ({"odd": 1.0} if 0 in results["row"] else {})

    found = intervals.of_metrics(scores, {"row": np.arange(5)}, 100)
    assert found == {"size": (5.0, 5.0)}


def test_weighted_means_are_sums_over_weights():
    sums, weights = np.array([2.0, 0.0, 9.0]), np.array([1.0, 0.0, 3.0])
    found = intervals.of_mean(sums, weights, 2000)
    kept = found[~np.isnan(found)]
    assert set(np.round(kept, 6)) <= {2.0, 2.6, 2.75, 2.857143, 3.0}
    assert np.isnan(found).mean() == pytest.approx(1 / 27, abs=0.02)  # weight 0 alone
