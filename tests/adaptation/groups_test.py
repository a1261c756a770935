"""The head, the blocks and the embeddings of each kind of model, in their order."""

import keras
import pytest

from tests.support import classifiers
from tests.support import specs
from tfm import models
from tfm.adaptation import groups

SMALL = {"num_heads": 2, "width": 4, "feedforward_width": 8}


def _classifier(config) -> keras.Model:
    model, backbone = classifiers.build(config, 20, 6)
    groups.mark_backbone(model, backbone)
    return model


@pytest.mark.parametrize(
    ("config", "names"),
    [
        (
            models.Transformer(**SMALL, num_layers=3, pooling="attention"),
            "head block_2 block_1 block_0 embedding",
        ),
        (
            models.LSTM(embedding_width=4, width=4, num_layers=2, bidirectional=True),
            "head forward_1 forward_0 embedding",
        ),
        (models.CNN(embedding_width=4), "head convolution_3 embedding"),
    ],
    ids=["transformer", "lstm", "cnn"],
)
def test_groups_go_from_the_head_to_the_embeddings(config, names):
    model = _classifier(config)
    found = groups.of(model)
    assert [group.name for group in found] == names.split()
    variables = [v for group in found for v in group.variables]
    assert len(variables) == len({id(v) for v in variables}) == len(model.weights)


def test_norms_and_positions_go_with_their_neighbours():
    model = _classifier(models.Transformer(**SMALL, num_layers=2, pooling="attention"))
    paths = {g.name: {v.path for v in g.variables} for g in groups.of(model)}
    assert paths["head"] == {"head/kernel", "head/bias"}
    last = {path.partition("/")[0] for path in paths["block_1"]}
    assert last == {"block_1", "final_norm", "pooling"}
    lowest = {path.partition("/")[0] for path in paths["embedding"]}
    assert lowest == {"embedding", "positions"}


def test_layers_side_by_side_and_both_directions_are_one_group():
    convolutions = groups.of(_classifier(models.CNN(embedding_width=4)))[1]
    assert len(convolutions.variables) == 6  # three widths, kernel and bias
    both = models.LSTM(embedding_width=4, width=4, num_layers=2, bidirectional=True)
    paths = {v.path for v in groups.of(_classifier(both))[1].variables}
    assert {path.split("/")[1] for path in paths} == {"forward_1", "backward_1"}


def test_a_model_within_a_model_is_seen_through():
    inner = models.Transformer(**SMALL, num_layers=2).build(specs.of(20, 6))
    tokens = keras.Input((6,), dtype="int32", name="tokens")
    head = keras.layers.Dense(2, name="head")
    model = keras.Model({"tokens": tokens}, head(inner({"tokens": tokens})["pooled"]))
    names = [group.name for group in groups.of(model)]
    assert names == ["head", "block_1", "block_0", "embedding"]


def test_without_a_mark_the_head_goes_by_its_name():
    model, backbone = classifiers.build(models.CNN(embedding_width=4), 20, 6)
    assert groups.of(model)[0].name == "head"
    assert len(groups.backbone_variables(model)) == len(backbone.weights)
