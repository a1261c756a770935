"""Frozen layers stay as they are; a name that matches nothing is told."""

import numpy as np
import pytest

from tfm import errors
from tfm import models
from tfm.training import freezing


def _model():
    return models.LSTM(embedding_width=4, width=4, num_layers=2).build(10, 5)


def test_layers_are_frozen_by_name_or_path():
    model = _model()
    freezing.freeze(model, ["embedding", "lstm/forward_0"])
    left = {v.path.rpartition("/lstm_cell")[0] for v in model.trainable_variables}
    assert left == {"lstm/forward_1"}


def test_a_pattern_without_a_layer_and_a_model_without_a_weight_are_told():
    with pytest.raises(errors.UserError, match="no layer matches 'lstn'. There are"):
        freezing.freeze(_model(), ["lstn"])
    with pytest.raises(errors.UserError, match="leaves no weight to train"):
        freezing.freeze(_model(), ["*"])
    assert np.all([v.trainable for v in _model().variables if "kernel" in v.path])
