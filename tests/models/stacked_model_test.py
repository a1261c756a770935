"""The stack: a weighted sum of the parts' scores, in the order of the task's labels."""

import numpy as np

from tfm import interfaces
from tfm import models
from tfm import tasks
from tfm.data.columns import category

SPECS = {"scores": interfaces.Spec((2, 3), "float32")}


class Preprocessor:
    stored = specs = SPECS
    classes = ("b", "a", "c")


def test_it_begins_as_the_mean_of_the_parts():
    model = models.Stacked().build(SPECS)
    scores = np.random.default_rng(0).normal(size=(4, 2, 3)).astype("float32")
    outputs = model({"scores": scores})
    np.testing.assert_allclose(outputs["class_logits"], scores.mean(axis=1), atol=1e-6)
    assert model.count_params() == 2 + 2 * 3


def test_the_head_takes_scores_by_the_labels_names():
    column = category.Category(("a", "b", "c"))
    objective = tasks.TextClassification().bind({"label": column}, Preprocessor())
    model = objective.head(models.Stacked().build(SPECS))
    scores = np.array([[[1, 2, 3], [1, 2, 3]]], "float32")  # of b, a, c
    np.testing.assert_allclose(model({"scores": scores}), [[2, 1, 3]], atol=1e-6)
