"""Which evaluation is the best, and when patience is lost."""

import math
import types

import pytest

from tfm.checkpoints import numbers
from tfm.training import early_stopping

NAN = float("nan")


def _state():
    return types.SimpleNamespace(
        best_step=numbers.Number(-1, "int64"),
        best_value=numbers.Number(0.0, "float64"),
        best_loss=numbers.Number(math.inf, "float64"),
        lowest_loss=numbers.Number(math.inf, "float64"),
        since_best=numbers.Number(0, "int64"),
    )


def _best(evaluations, direction="max"):
    """The steps that were the best, how long it was since after each, the state."""
    state = _state()
    made = early_stopping.BestCheckpoint("f1", direction, state)
    best, since = [], []
    for step, (score, loss) in enumerate(evaluations):
        metrics = {"f1": score, "loss": loss}
        metrics = {name: value for name, value in metrics.items() if value is not None}
        if made.update(step, metrics):
            best.append(step)
        since.append(int(state.since_best))
    return best, since, made, state


@pytest.mark.parametrize(
    ("direction", "scores", "best"),
    [
        ("max", (0.2, 0.3, 0.1, 0.4), [0, 1, 3]),
        ("min", (0.2, 0.3, 0.1, 0.4), [0, 2]),
        ("max", (0.2, NAN, 0.3), [0, 2]),
        ("max", (NAN, 0.0), [0, 1]),  # a score that is defined beats one that is not
        ("min", (NAN, 9.0), [0, 1]),
        ("max", (0.0, -1.0), [0]),
        ("max", (0.5, 0.5), [0]),
        ("max", (0.5, math.inf), [0, 1]),
        ("min", (0.5, -math.inf), [0, 1]),
    ],
)
def test_the_direction_says_which_score_is_better(direction, scores, best):
    evaluations = [(score, 1.0) for score in scores]
    assert _best(evaluations, direction)[0] == best


@pytest.mark.parametrize(
    ("evaluations", "best"),
    [
        ([(0.5, 0.3), (0.5, 0.2), (0.5, 0.4), (0.4, 0.1)], [0, 1]),
        ([(0.5, 0.3), (0.6, 9.0)], [0, 1]),
        ([(0.5, NAN), (0.5, 0.2), (0.5, NAN)], [0, 1]),
        ([(0.5, None), (0.5, None)], [0]),
        ([(NAN, 0.3), (None, 0.2), (NAN, 0.4), (NAN, NAN)], [0, 1]),
        ([(NAN, NAN), (None, None)], [0]),
        ([(0.5, math.inf), (0.5, 1e9)], [0, 1]),
    ],
)
@pytest.mark.parametrize("direction", ["max", "min"])
def test_among_equal_scores_the_lower_loss_wins(direction, evaluations, best):
    if direction == "min":
        evaluations = [(score and -score, loss) for score, loss in evaluations]
    assert _best(evaluations, direction)[0] == best


def test_patience_is_counted_from_the_best_score_and_from_the_lowest_loss():
    evaluations = [(0.9, 0.5), (0.8, 0.4), (0.8, 0.45), (0.8, 0.39), (0.8, 0.39)]
    best, since, made, state = _best(evaluations)
    assert (best, since) == ([0], [0, 0, 1, 0, 1])
    assert not early_stopping.has_lost_patience(2, state)
    made.update(5, {"f1": 0.7, "loss": 0.4})
    assert early_stopping.has_lost_patience(2, state)
    assert not early_stopping.has_lost_patience(3, state)
    # the best score may come with a loss that is not the lowest
    assert _best([(0.1, 0.2), (0.2, 0.9), (0.1, 0.5)])[1] == [0, 0, 1]
    assert not early_stopping.has_lost_patience(None, _best([(0.1, 0.2)] * 50)[3])


def test_what_chose_is_named():
    state = _state()
    made = early_stopping.BestCheckpoint("f1", "max", state)
    assert made.is_undefined({"loss": 0.1}) and made.is_undefined({"f1": NAN})
    assert not made.is_undefined({"f1": 0.0})
    made.update(1, {"loss": 0.1})
    assert early_stopping.chosen_by("f1", state) == "loss"
    made.update(2, {"f1": 0.5})
    assert early_stopping.chosen_by("f1", state) == "f1"


def test_a_loss_that_is_the_metric_has_nothing_to_fall_back_on():
    loss = early_stopping.BestCheckpoint("loss", "min", _state())
    assert not loss.is_undefined({"loss": NAN})
    assert loss.update(3, {"loss": NAN}) and not loss.update(4, {"loss": NAN})
    assert loss.update(5, {"loss": 2.0})
