"""Pictures to pixels: the graph beside Pillow, augmentation by seeds, mixing."""

import dataclasses

import keras_nlp
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from scipy import stats

from tests.support import pictures
from tfm import errors
from tfm import inputs
from tfm.inputs.image import codecs
from tfm.inputs.image import mixing

SIZES = ((20, 24), (16, 16), (9, 30), (24, 12), (16, 16), (40, 40))
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "PNG")
ROWS = [
    {"image": pictures.encoded(Image.fromarray(pictures.smooth(*size, seed=n)), format)}
    for n, (size, format) in enumerate(zip(SIZES, FORMATS, strict=True))
]
ALL = inputs.ImageAugment(
    flip_vertical=True, crop=0.4, shift=0.1, operations=1, magnitude=0.9
)
PLAIN = inputs.ImageAugment(flip=False)
SEEDS = np.array([[5, 2, 10 * n] for n in range(len(ROWS))], np.int64)


def _made(config=None, **fields):
    config = config or inputs.Image(size=16, normalize="none", **fields)
    return config.fit(ROWS)


def _graph(preprocessor):
    """The graph of an augmented batch of any size, compiled once."""
    rank = 2 if preprocessor.mixes else 1
    stored = {"image": tf.TensorSpec([None, 2][:rank], tf.string)}
    seeds = tf.TensorSpec([None, 3], tf.int64)
    return tf.function(preprocessor.graph(), input_signature=[stored, seeds])


def _stored(preprocessor, rows=ROWS):
    return {"image": tf.constant(preprocessor.encode(rows)["image"])}


@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_are_resized_ones_of_pillow(channels):
    preprocessor = _made(channels=channels, resize="stretch")
    found = preprocessor.graph()(_stored(preprocessor), None)["pixels"].numpy()
    assert found.shape == (len(ROWS), *preprocessor.specs["pixels"].shape)
    for row, one in zip(ROWS, found, strict=True):
        whole = codecs.pixels(row["image"], channels)
        expected = tf.image.resize(whole, (16, 16), antialias=True)
        np.testing.assert_allclose(one, expected, atol=2.5)  # of JPEG


@pytest.mark.parametrize("normalize", ["data", "imagenet", "unit", "signed", "none"])
def test_values_are_in_the_range_that_is_asked_for(normalize):
    preprocessor = inputs.Image(size=16, normalize=normalize).fit(ROWS)
    plain = _made().graph()(_stored(preprocessor), None)["pixels"].numpy()
    found = preprocessor.graph()(_stored(preprocessor), None)["pixels"].numpy()
    mean, deviation = {
        "imagenet": ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        "unit": (0, 1),
        "signed": (0.5, 0.5),
        "none": (0, 1 / 255),
        "data": (None, None),
    }[normalize]
    if mean is None:
        whole = [codecs.pixels(row["image"], 3) / 255 for row in ROWS]
        mean = np.mean([p.mean((0, 1)) for p in whole], 0)
        squares = np.mean([(p**2).mean((0, 1)) for p in whole], 0)
        deviation = np.sqrt(squares - mean**2)
    np.testing.assert_allclose(found, (plain / 255 - mean) / deviation, atol=1e-3)


def test_augmentation_is_a_function_of_the_seeds_alone():
    preprocessor = _made(augment=ALL)
    graph, stored = _graph(preprocessor), _stored(preprocessor)
    whole = graph(stored, SEEDS)["pixels"].numpy()
    order = np.array([3, 0, 5, 4, 1, 2])
    shuffled = {"image": tf.gather(stored["image"], order)}
    np.testing.assert_array_equal(
        graph(shuffled, SEEDS[order])["pixels"].numpy(), whole[order]
    )
    for n in range(len(ROWS)):  # one at a time
        alone = graph({"image": stored["image"][n : n + 1]}, SEEDS[n : n + 1])
        np.testing.assert_array_equal(alone["pixels"][0], whole[n])
    for column in range(3):  # each of them decides
        other = graph(stored, SEEDS + np.eye(3, dtype=np.int64)[column])["pixels"]
        assert (np.abs(other - whole).max(axis=(1, 2, 3)) > 1).mean() > 0.8
    plain = preprocessor.graph()(stored, None)["pixels"].numpy()
    np.testing.assert_array_equal(plain, _made().graph()(stored, None)["pixels"])


@pytest.mark.parametrize(
    "augment", [PLAIN, dataclasses.replace(PLAIN, flip=True)], ids=["none", "flip"]
)
def test_flips_can_be_turned_off(augment):
    preprocessor = _made(augment=augment)
    stored = {"image": tf.repeat(_stored(preprocessor)["image"][:1], 64)}
    seeds = np.array([[0, 0, n] for n in range(64)], np.int64)
    found = _graph(preprocessor)(stored, seeds)["pixels"].numpy()
    plain = preprocessor.graph()({"image": stored["image"][:1]}, None)["pixels"].numpy()
    mirrored = (found == plain[:, :, ::-1]).all(axis=(1, 2, 3))
    same = (found == plain).all(axis=(1, 2, 3))
    assert (mirrored | same).all()
    assert (mirrored.sum() > 20) == augment.flip and same.sum() > 20


@pytest.mark.parametrize(("mixup", "cutmix"), [(0.4, 0.0), (0.0, 1.0), (0.4, 1.0)])
def test_a_picture_and_its_partner_are_mixed(mixup, cutmix):
    augment = dataclasses.replace(PLAIN, mixup=mixup, cutmix=cutmix)
    preprocessor = _made(augment=augment)
    assert preprocessor.mixes and not _made(augment=PLAIN).mixes
    ones = np.full((16, 16, 3), 200, np.uint8)
    pair = preprocessor.encode([{"image": ones}, {"image": ones // 4}])["image"]
    count = 200
    stored = {"image": tf.constant([pair] * count)}
    seeds = np.array([[0, 0, n] for n in range(count)], np.int64)
    found = _graph(preprocessor)(stored, seeds)
    share = found["own_share"].numpy()
    pixels = found["pixels"].numpy()[..., 0]
    # the mean of the pixels tells the share
    np.testing.assert_allclose((pixels.mean((1, 2)) - 50) / 150, share, atol=1e-4)
    cut = (np.isclose(pixels, 50) | np.isclose(pixels, 200)).all(axis=(1, 2))
    part = cut.mean()
    assert {0.4: part < 0.9 if cutmix else part < 0.2, 0.0: part == 1}[mixup]
    assert part > 0.3 or not cutmix
    assert share.min() >= 0 and share.max() <= 1
    if not cutmix:
        assert stats.kstest(share, stats.beta(0.4, 0.4).cdf).pvalue > 0.01
    # alone it is as without augmentation
    alone = preprocessor.graph()({"image": stored["image"][:2, 0]}, None)
    assert alone.keys() == {"pixels"}


def test_a_box_by_hand():
    mask, left = mixing.box(
        tf.constant([0.75, 0.75, 1.0]),
        tf.constant([[0.5, 0.5], [0.0, 0.0], [0.3, 0.3]]),
        tf.constant([8, 4]),
    )
    expected = np.zeros((3, 8, 4), bool)
    expected[0, 2:6, 1:3] = True  # half of each edge, from the middle
    expected[1, :2, :1] = True  # cut off at the corner
    np.testing.assert_array_equal(mask, expected)
    np.testing.assert_allclose(left, [1 - 8 / 32, 1 - 2 / 32, 1])


def test_the_raw_graph_gives_what_encode_gives_of_plain_pictures():
    preprocessor = _made()
    plain = [row for row, f in zip(ROWS, FORMATS, strict=True) if f in ("JPEG", "PNG")]
    raw = {"image": tf.constant([row["image"] for row in plain])}
    found = preprocessor.raw_graph()(raw)
    assert found.keys() == preprocessor.stored.keys()
    assert list(found["image"].numpy()) == preprocessor.encode(plain)["image"]


def test_it_is_saved_and_loaded(tmp_path):
    config = inputs.Image(size=16)
    made = config.fit(ROWS)
    made.save(tmp_path)
    loaded = dataclasses.replace(config, augment=ALL).load(tmp_path)
    assert loaded.config.augment == ALL
    stored = _stored(made)
    np.testing.assert_array_equal(
        loaded.graph()(stored, None)["pixels"], made.graph()(stored, None)["pixels"]
    )
    for fields in ({"size": 8}, {"channels": 1}, {"resize": "pad"}):
        with pytest.raises(errors.UserError, match=next(iter(fields))):
            dataclasses.replace(config, **fields).load(tmp_path)
    with pytest.raises(errors.UserError, match="holds no preprocessor of pictures"):
        config.load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"size": 0}, "size must be at least 1"),
        ({"channels": 2}, "channels must be 1"),
        ({"resize": "fit"}, "resize must be one of"),
        ({"normalize": "preset"}, "normalize must be one of"),
    ],
)
def test_wrong_fields_are_told(fields, message):
    with pytest.raises(errors.UserError, match=message):
        inputs.Image(**fields)
    for wrong in ({"crop": 0}, {"magnitude": 2}, {"mixup": -1}, {"shift": 1}):
        with pytest.raises(errors.UserError, match=next(iter(wrong))):
            inputs.ImageAugment(**wrong)


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # of TF, in saving
def test_a_preset_tells_size_and_constants(tmp_path):
    backbone = keras_nlp.models.ViTBackbone((16, 16, 3), 8, 1, 2, 8, 16)
    backbone.save_to_preset(tmp_path)
    config = inputs.PretrainedImage(preset=str(tmp_path))
    with pytest.raises(errors.UserError, match="Give --inputs.size"):
        config.fit()
    converter = keras_nlp.layers.ViTImageConverter(
        image_size=(16, 16), scale=[1 / 9, 1 / 8, 1 / 7], offset=[-1.0, -2.0, -3.0]
    )
    converter.save_to_preset(tmp_path)
    from tfm.inputs.image import published

    published._converter.cache_clear()
    made = config.fit()
    stored = _stored(made)
    found = made.graph()(stored, None)["pixels"].numpy()
    plain = _made().graph()(stored, None)["pixels"].numpy()
    expected = plain * [1 / 9, 1 / 8, 1 / 7] + [-1, -2, -3]
    np.testing.assert_allclose(found, expected, atol=1e-3)
    made.save(tmp_path)
    loaded = inputs.PretrainedImage(preset="gone").load(tmp_path)
    np.testing.assert_array_equal(loaded.graph()(stored, None)["pixels"], found)
    with pytest.raises(errors.UserError, match="preset must name a preset"):
        inputs.PretrainedImage().fit()
    assert inputs.PretrainedImage().of(config).preset == str(tmp_path)
