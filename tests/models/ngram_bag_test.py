"""The bag of n-grams: a weighted sum, whatever the padding and the order."""

import keras
import numpy as np
import pytest

from tfm import errors
from tfm import interfaces
from tfm import models

SPECS = {
    "ngrams": interfaces.Spec((6,), "int32", 20),
    "weights": interfaces.Spec((6,), "float32"),
}
NGRAMS = np.array([[3, 9, 4, 0, 0, 0], [5, 0, 0, 0, 0, 0], [0] * 6], np.int32)
WEIGHTS = np.where(NGRAMS, 0.1 * NGRAMS, 0).astype("float32")


def _pooled(model, ngrams, weights):
    return model({"ngrams": ngrams, "weights": weights})["pooled"].numpy()


def test_it_is_the_weighted_sum_of_the_vectors():
    model = models.NgramBag(width=4).build(SPECS)
    table = model.get_layer("embedding").embeddings.numpy()
    found = _pooled(model, NGRAMS, WEIGHTS)
    expected = [WEIGHTS[i] @ table[NGRAMS[i]] for i in range(3)]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert not found[2].any()  # a text without n-grams
    order = [4, 2, 0, 1, 5, 3]
    again = _pooled(model, NGRAMS[:, order], WEIGHTS[:, order])
    np.testing.assert_allclose(again, found, atol=1e-6)


def test_a_hidden_layer_and_half_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = models.NgramBag(width=4, hidden=3).build(SPECS)
        assert _pooled(model, NGRAMS, WEIGHTS).shape == (3, 3)
    finally:
        keras.config.set_dtype_policy("float32")


def test_mistakes_in_fields():
    with pytest.raises(errors.UserError, match="width must be at least 1"):
        models.NgramBag(width=0)
