"""Tags of scalars: few groups, in an order that reads well."""

import pytest

from tfm.callbacks import tags


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("loss", "loss/loss"),
        ("loss/class", "loss/class"),
        ("masked_loss", "loss/masked_loss"),
        ("accuracy", "metrics/accuracy"),
        ("f1_macro", "metrics/f1_macro"),
        ("f1/a/b", "metrics_by_class/f1/a/b"),
        ("gradient_norm", "optimization/gradient_norm"),
        ("gradient_norm/head", "optimization_by_layer/gradient_norm/head"),
        ("input_wait", "speed/input_wait"),
        ("memory_gb", "system/memory_gb"),
    ],
)
def test_every_name_has_its_group(name, tag):
    assert tags.of(name) == tag


def test_of_many_classes_the_first_are_shown_and_everything_else():
    metrics = {"accuracy": 0.5} | {f"f1/{i}": i for i in range(200)} | {"ece": 0.1}
    found = tags.shown(metrics)
    assert list(found)[1:31] == [f"metrics_by_class/f1/{i}" for i in range(30)]
    assert {"metrics/accuracy", "metrics/ece"} == {*found} - {*list(found)[1:31]}
