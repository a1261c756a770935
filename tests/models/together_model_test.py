"""Models side by side: their pooled vectors in a row, of inputs that they share."""

import numpy as np
import pytest
import tensorflow as tf

from tfm import errors
from tfm import interfaces
from tfm import models

SPECS = {
    "tokens": interfaces.Spec((6,), "int32", 20),
    "ngrams": interfaces.Spec((4,), "int32", 9),
    "weights": interfaces.Spec((4,), "float32"),
}
RNG = np.random.default_rng(0)
ARRAYS = {
    "tokens": np.array([[3, 4, 5, 6, 7, 8], [9, 3, 0, 0, 0, 0]], np.int32),
    "ngrams": RNG.integers(1, 9, (2, 4)).astype(np.int32),
    "weights": RNG.random((2, 4)).astype(np.float32),
}
LSTM = models.LSTM(embedding_width=4, width=3)
CNN = models.CNN(embedding_width=4, num_filters=2)
BAG = models.NgramBag(width=5)


def test_the_pooled_vectors_are_those_of_the_parts_in_a_row():
    config = models.Together({"lstm": LSTM, "ngrams": BAG, "cnn": CNN})
    assert config.reads == {"tokens", "ngrams", "weights"}
    model = config.build(SPECS)
    assert set(model.input) == config.reads
    found = model(ARRAYS)["pooled"].numpy()
    own = [model.get_layer(f"{name}_model") for name in ("lstm", "ngrams", "cnn")]
    expected = [part({n: ARRAYS[n] for n in part.input})["pooled"] for part in own]
    np.testing.assert_allclose(found, np.concatenate(expected, axis=1), atol=1e-6)
    assert found.shape == (2, 3 + 5 + expected[2].shape[1])
    assert model.count_params() == sum(part.count_params() for part in own)

    compiled = tf.function(lambda arrays: model(arrays)["pooled"], jit_compile=True)
    np.testing.assert_allclose(compiled(ARRAYS), found, atol=1e-5)


@pytest.mark.parametrize(
    ("parts", "rule"),
    [
        ({}, "parts must not be empty"),
        ({"p": models.Pretrained(preset="x")}, "without published weights. Got p="),
        ({"s": models.EncoderDecoder()}, "must give pooled.* Got s=EncoderDecoder"),
    ],
)
def test_mistakes_in_parts(parts, rule):
    with pytest.raises(errors.UserError, match=rule):
        models.Together(parts)
