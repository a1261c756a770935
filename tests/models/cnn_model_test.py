"""The convolutional model worked by hand."""

import numpy as np
import pytest

from tests.support import specs
from tfm import errors
from tfm import models


def test_default_size():
    model = models.CNN().build(specs.of(10000, 256))
    convolutions = sum((128 * width + 1) * 64 for width in (3, 4, 5))
    assert model.count_params() == 10000 * 128 + convolutions
    assert model.output["pooled"].shape == (None, 192)


def test_by_hand():
    config = models.CNN(embedding_width=1, num_filters=1, kernel_widths=(2, 3))
    model = config.build(specs.of(5, 4))
    # token i has the vector i; the padding's 9 must not be seen
    table = np.array([[9], [1], [2], [3], [4]], np.float32)
    pair = np.array([1, 10], np.float32).reshape(2, 1, 1)
    triple = np.array([1, 10, -100], np.float32).reshape(3, 1, 1)
    model.set_weights([table, pair, np.zeros(1), triple, np.full(1, 5.0)])
    out = model({"tokens": np.array([[1, 2, 4, 0]], np.int32)})
    pairs = [1 + 20, 2 + 40, 4, 0]  # of each token and the next
    # 0, 1, 2 and 1, 2, 4 fall below zero
    triples = [0, 0, 2 + 40 + 5, 0]
    np.testing.assert_allclose(out["sequence"][0], np.stack([pairs, triples], 1))
    np.testing.assert_allclose(out["pooled"][0], [42, 47])


def test_a_text_shorter_than_every_kernel():
    model = models.CNN(embedding_width=4, num_filters=3).build(specs.of(10, 6))
    out = model({"tokens": np.array([[7, 0, 0, 0, 0, 0]], np.int32)})
    np.testing.assert_array_equal(out["pooled"][0], out["sequence"][0, 0])


@pytest.mark.parametrize("widths", [(), (3, 0)])
def test_errors(widths):
    message = "kernel_widths must be one or more widths of at least 1. Got"
    with pytest.raises(errors.UserError, match=message):
        models.CNN(kernel_widths=widths)
