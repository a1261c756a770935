"""Models of pictures: shapes, single examples, places, wrong sizes, saving."""

import warnings

import keras
import keras_nlp
import numpy as np
import pytest
import tensorflow as tf

from tfm import errors
from tfm import interfaces
from tfm import models

X = np.random.default_rng(0).normal(size=(3, 16, 16, 3)).astype(np.float32)
SPECS = {"pixels": interfaces.Spec((16, 16, 3), "float32")}
TINY = {"num_layers": 1, "width": 8, "num_heads": 2, "feedforward_width": 16}
CASES = {
    "convnet": (models.ConvNet(filters=(4, 8)), 16, 8),
    "convnet of one convolution": (models.ConvNet((4, 8), 1, "layer"), 16, 8),
    "resnet": (models.ResNet(filters=(4, 8), blocks=1), 4, 8),
    "small resnet": (models.ResNet((4, 8), 1, "small"), 64, 8),
    "batch": (models.ResNet((4, 8), 1, "small", "batch"), 64, 8),
    "vit": (models.ViT(**TINY, patch=4), 16, 8),
    "vit with attention": (models.ViT(**TINY, patch=8, pooling="attention"), 4, 8),
}


def _saved(backbone, folder):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="__array__ implementation")
        backbone.save_to_preset(folder)


@pytest.fixture(scope="module")
def presets(tmp_path_factory):
    """Folders of a tiny ViT and a tiny ResNet, with the backbones."""
    keras.utils.set_random_seed(0)
    vit = keras_nlp.models.ViTBackbone((16, 16, 3), 8, 1, 2, 8, 16)
    resnet = keras_nlp.models.ResNetBackbone(
        [64], [3], [64], [1], [1], "basic_block", image_shape=(None, None, 3)
    )
    found = {}
    for name, backbone in (("vit", vit), ("resnet", resnet)):
        folder = tmp_path_factory.mktemp(name)
        _saved(backbone, folder)
        found[name] = str(folder), backbone
    return found


@pytest.mark.parametrize("name", CASES)
def test_it_gives_what_it_says_of_each_picture_alone(name):
    config, places, width = CASES[name]
    model = config.build(SPECS)
    assert model.input.keys() == config.reads == {"pixels"}
    found = model({"pixels": X}, training=False)
    assert found.keys() == config.gives == {"sequence", "pooled"}
    assert found["sequence"].shape == (3, places, width)
    assert found["pooled"].shape == (3, width)
    alone = model({"pixels": X[1:2]}, training=False)
    np.testing.assert_allclose(alone["pooled"][0], found["pooled"][1], atol=1e-4)
    if "attention" not in name:
        mean = np.asarray(found["sequence"]).mean(axis=1)
        np.testing.assert_allclose(found["pooled"], mean, atol=1e-5)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation")  # of TF, in saving
@pytest.mark.parametrize("name", CASES)
def test_it_is_saved_and_loaded(name, tmp_path):
    model = CASES[name][0].build(SPECS)
    found = model({"pixels": X}, training=False)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        loaded({"pixels": X}, training=False)["pooled"], found["pooled"], atol=1e-6
    )


def test_every_pixel_counts():
    for name in ("convnet", "small resnet", "batch", "vit"):
        model = CASES[name][0].build(SPECS)
        pixels = tf.constant(X)
        weight = np.random.default_rng(1).normal(size=8).astype(np.float32)
        with tf.GradientTape() as tape:
            tape.watch(pixels)
            total = tf.reduce_sum(model({"pixels": pixels})["pooled"] * weight)
        seen = np.abs(tape.gradient(total, pixels)).max(axis=(0, 3)) > 0
        assert seen.mean() > 0.95


def test_places_of_a_vit_are_told_apart():
    model = models.ViT(**TINY, patch=4).build(SPECS)
    flipped = model({"pixels": X[:, :, ::-1].copy()}, training=False)["pooled"]
    assert np.abs(model({"pixels": X}, training=False)["pooled"] - flipped).max() > 1e-3


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (models.ViT(**TINY, patch=5), "inputs.size must divide by model.patch"),
        (models.ConvNet(filters=(4,) * 5), "must have 32 pixels an edge"),
    ],
)
def test_sizes_that_do_not_fit_are_told(config, message):
    with pytest.raises(errors.UserError, match=message):
        config.build(SPECS)
    for wrong in ({"filters": ()}, {"normalization": "x"}, {"dropout": 1}):
        with pytest.raises(errors.UserError, match=next(iter(wrong))):
            models.ResNet(**wrong)


@pytest.mark.parametrize("name", ["vit", "resnet"])
def test_a_preset_is_kept_without_its_weights(name, presets, tmp_path):
    folder, backbone = presets[name]
    config = models.PretrainedImage(preset=folder)
    assert isinstance(config, interfaces.Preset)
    kept = config.kept_in(tmp_path / "kept")
    model = kept.build(SPECS)
    published = config.published()
    for ours, theirs in zip(model.weights, published.weights, strict=True):
        assert ours.shape == theirs.shape
        ours.assign(theirs)
    features = np.asarray(backbone(X, training=False))
    found = model({"pixels": X}, training=False)
    if name == "vit":
        np.testing.assert_allclose(found["sequence"], features, atol=1e-5)
        np.testing.assert_allclose(found["pooled"], features[:, 0], atol=1e-5)
    else:
        mean = features.mean(axis=(1, 2))
        np.testing.assert_allclose(found["pooled"], mean, atol=1e-5)


def test_a_preset_of_another_kind_or_size_is_told(presets, tmp_path):
    vit = models.PretrainedImage(preset=presets["vit"][0])
    small = {"pixels": interfaces.Spec((8, 8, 3), "float32")}
    with pytest.raises(errors.UserError, match="reads pictures of 16 x 16 x 3. Got 8"):
        vit.build(small)
    text = keras_nlp.models.BertBackbone(9, 1, 2, 8, 8, max_sequence_length=8)
    _saved(text, tmp_path)
    with pytest.raises(errors.UserError, match="BertBackbone, which does not read pic"):
        models.PretrainedImage(preset=str(tmp_path)).build(SPECS)
    with pytest.raises(errors.UserError, match="cannot be read"):
        models.PretrainedImage(preset=str(tmp_path / "gone")).build(SPECS)
