"""A published model of pictures: trained on, frozen or not, and used without it."""

import dataclasses
import shutil
import warnings

import keras
import keras_nlp
import numpy as np
import pytest

import tfm
from tests.support import pictures
from tfm import adaptation
from tfm import data
from tfm import inputs
from tfm import models
from tfm import tasks
from tfm import training
from tfm.experiment import Experiment


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    """The folder of a tiny ViT, with its constants; and its weights by name."""
    keras.utils.set_random_seed(0)
    folder = tmp_path_factory.mktemp("preset")
    backbone = keras_nlp.models.ViTBackbone((8, 8, 3), 4, 1, 2, 8, 16)
    converter = keras_nlp.layers.ViTImageConverter(
        image_size=(8, 8), scale=1 / 127.5, offset=-1.0
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="__array__ implementation")
        backbone.save_to_preset(folder)
    converter.save_to_preset(folder)
    return folder, backbone.get_weights()


@pytest.fixture(scope="module")
def experiment(preset, tmp_path_factory):
    source = pictures.bars(tmp_path_factory.mktemp("bars") / "bars")
    return Experiment(
        data=data.LabeledImages(train=str(source)),
        inputs=inputs.PretrainedImage(augment=inputs.ImageAugment(flip=False)),
        model=models.PretrainedImage(preset=str(preset[0])),
        task=tasks.ImageClassification(calibrate=False),
        optimizer=training.Optimizer(learning_rate=0.01),
        train=training.Train(steps=4, batch_size=8, eval_every=4),
    )


def _differences(run, weights) -> list[float]:
    """Of each weight of the backbone from what was published."""
    names = {weight.path: weight.numpy() for weight in run.model.weights}
    found = [value for name, value in names.items() if not name.startswith("head/")]
    return [
        float(np.abs(ours - theirs).max())
        for ours, theirs in zip(found, weights, strict=True)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("freeze", ["backbone", ""])
def test_training_begins_with_the_published_weights(
    freeze, experiment, preset, tmp_path
):
    folder, weights = preset
    adapt = adaptation.Adapt(freeze=(freeze,) if freeze else ())
    rate = 0.01 if freeze else 1e-4
    optimizer = dataclasses.replace(experiment.optimizer, learning_rate=rate)
    run = tfm.fit(
        dataclasses.replace(experiment, adapt=adapt, optimizer=optimizer),
        tmp_path / "run",
    )
    apart = _differences(run, weights)
    if freeze:
        assert max(apart) == 0
        return
    assert 0 < max(apart) < 1e-3
    moved = shutil.move(folder, tmp_path / "elsewhere")
    try:  # the run keeps the shape
        again = tfm.load(str(tmp_path / "run"))
        picture = pictures.smooth()
        found = again.predict([{"image": picture}])[0]
        assert found == run.predict([{"image": picture}])[0]
        assert set(found["probabilities"]) == {"columns", "rows"}
    finally:
        shutil.move(moved, folder)
