"""Fields of the task: class weights, metrics' directions, what it says of itself."""

import numpy as np
import pytest
from sklearn.utils import class_weight

from tests.support import small_models
from tfm import errors
from tfm import inputs
from tfm import interfaces
from tfm import tasks
from tfm.data.columns import category

NAMES = ("bad", "fair", "good")
PREPROCESSOR = small_models.preprocessor("word", 60, max_length=6)


def _bound(counts=(), **fields):
    column = category.Category(NAMES, counts)
    return tasks.TextClassification(**fields).bind({"label": column}, PREPROCESSOR)


def test_balanced_weights_are_scikit_learns():
    labels = np.repeat([0, 1, 2], [50, 30, 20])
    expected = class_weight.compute_class_weight(
        "balanced", classes=np.arange(3), y=labels
    )
    made = _bound((50, 30, 20), balance_classes=True)
    np.testing.assert_allclose(made.class_weights, expected)
    # a run that is loaded knows no counts, nor does it need any
    assert _bound((), balance_classes=True).class_weights == ()


def test_as_many_class_weights_as_classes():
    with pytest.raises(errors.UserError, match="each of the 3 classes bad, fair, good"):
        _bound(class_weights=(1.0, 2.0))
    assert _bound(class_weights=(1.0, 2.0, 3.0)).class_weights == (1.0, 2.0, 3.0)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\). Got dropout=1.0."),
        ({"threshold": 0.0}, "threshold must be between 0 and 1. Got threshold=0.0."),
        ({"class_weights": (1.0, -1.0)}, "class_weights must all be above 0."),
        (
            {"class_weights": (1.0, 2.0), "balance_classes": True},
            "Give balance_classes or class_weights, not both.",
        ),
    ],
)
def test_a_value_out_of_range_is_told(fields, message):
    with pytest.raises(errors.UserError, match=message):
        tasks.TextClassification(**fields)


@pytest.mark.parametrize(
    ("metrics", "direction"),
    [
        ("loss ece", "min"),
        ("accuracy roc_auc pr_auc", "max"),
        ("precision_macro recall_macro f1_macro", "max"),
        ("precision_micro recall_micro f1_micro", "max"),
        ("precision/bad recall/good f1/a/b", "max"),
        ("f1 f1/ f1_weighted loss/bad accuracy/bad perplexity ece_uncalibrated", None),
    ],
)
def test_which_way_each_metric_is_better(metrics, direction):
    found = {tasks.TextClassification().direction(name) for name in metrics.split()}
    assert found == {direction}


def test_every_metric_of_the_list_is_known():
    task = tasks.TextClassification()
    worse_up = {name for name in task.metrics if task.direction(name) == "min"}
    better_up = {name for name in task.metrics if task.direction(name) == "max"}
    assert worse_up == {"loss", "ece"}
    assert len(better_up) == len(task.metrics) - 2


def test_it_takes_any_inputs_and_the_labels_that_rows_have():
    task = tasks.TextClassification()
    assert task.columns == {"label": {"category", "categories"}}
    assert task.reserves(inputs.Text(augment=inputs.Augment(delete=0.1))) == ()
    objective = _bound()
    assert objective.inputs == PREPROCESSOR.specs
    assert objective.usage == 'predict --text="..."'
    assert not isinstance(objective, interfaces.Writes)
