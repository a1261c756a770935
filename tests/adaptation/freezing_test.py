"""Frozen layers stay as they are; a name that matches nothing is told."""

import numpy as np
import pytest

from tests.support import classifiers
from tests.support import specs
from tfm import errors
from tfm import models
from tfm.adaptation import Adapt
from tfm.adaptation import freezing


def _model():
    return models.LSTM(embedding_width=4, width=4, num_layers=2).build(specs.of(10, 5))


def test_layers_are_frozen_by_name_or_path():
    model = _model()
    freezing.freeze(model, ["embedding", "lstm/forward_0"])
    left = {v.path.rpartition("/lstm_cell")[0] for v in model.trainable_variables}
    assert left == {"lstm/forward_1"}


def test_a_pattern_without_a_layer_and_a_model_without_a_weight_are_told():
    model = _model()
    with pytest.raises(errors.UserError, match="no layer matches 'lstn'. There are"):
        freezing.freeze(model, ["embedding", "lstn"])
    assert len(model.trainable_variables) == len(model.weights)  # all is as it was
    with pytest.raises(errors.UserError, match="leaves no weight to train"):
        freezing.freeze(model, ["*"])


def test_probing_trains_the_head_on_features_that_stay_the_same():
    config = models.LSTM(embedding_width=4, width=4, dropout=0.5)
    model, backbone = classifiers.build(config, 10, 5)
    given = {"tokens": np.array([[1, 2, 3, 0, 0]])}

    def dropped() -> float:
        return np.abs(model(given, training=True) - model(given)).max()

    assert dropped() > 0
    Adapt(freeze=("backbone",)).apply(model, backbone)
    assert [v.path for v in model.trainable_variables] == ["head/kernel", "head/bias"]
    assert dropped() == 0


def test_the_head_keeps_its_dropout_while_probing():
    model, backbone = classifiers.build(
        models.CNN(embedding_width=4), 10, 5, dropout=0.5
    )
    Adapt(freeze=("backbone",)).apply(model, backbone)
    given = {"tokens": np.array([[1, 2, 3, 0, 0]])}
    assert np.abs(model(given, training=True) - model(given)).max() > 0
