"""Operations on pictures against Pillow, Keras and tf.image at fixed parameters."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from PIL import ImageEnhance
from PIL import ImageOps

from tests.support import pictures
from tfm.data import splits
from tfm.inputs.image import colours
from tfm.inputs.image import decoding
from tfm.inputs.image import geometry
from tfm.inputs.image import rand_augment
from tfm.inputs.image import randomness

PIXELS = np.stack([pictures.smooth(16, 20, seed=n) for n in range(3)])
FLOATS = PIXELS.astype(np.float32)
DULL = np.round(FLOATS * 0.8 + 10)
SEEDS = np.array([[7, 0, n] for n in range(40)], np.int64)


def _by_pillow(operation, batch=PIXELS):
    return np.stack([np.asarray(operation(Image.fromarray(p))) for p in batch])


@pytest.mark.parametrize("factor", [0.1, 0.7, 1.0, 1.9])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (colours.brightness, ImageEnhance.Brightness),
        (colours.contrast, ImageEnhance.Contrast),
        (colours.saturation, ImageEnhance.Color),
        (colours.sharpness, ImageEnhance.Sharpness),
    ],
)
def test_enhancements_are_those_of_pillow(ours, theirs, factor):
    found = ours(FLOATS, tf.fill([3], factor)).numpy()
    expected = _by_pillow(lambda p: theirs(p).enhance(factor))
    assert np.abs(found - expected).max() <= 1.6  # Pillow rounds twice


def test_a_factor_for_each_picture():
    found = colours.brightness(FLOATS, tf.constant([0.0, 1.0, 0.5])).numpy()
    assert (found[0] == 0).all()
    np.testing.assert_array_equal(found[1], FLOATS[1])
    np.testing.assert_allclose(found[2], FLOATS[2] / 2)


@pytest.mark.parametrize("bits", [1, 4, 8])
def test_posterize_solarize_equalize_are_those_of_pillow(bits):
    found = colours.posterize(FLOATS, tf.fill([3], float(bits))).numpy()
    expected = _by_pillow(lambda p: ImageOps.posterize(p, bits))
    np.testing.assert_array_equal(found, expected)
    found = colours.solarize(FLOATS, tf.fill([3], 16.0 * bits)).numpy()
    expected = _by_pillow(lambda p: ImageOps.solarize(p, 16 * bits))
    np.testing.assert_array_equal(found, expected)
    found = colours.equalize(FLOATS // bits * bits).numpy()
    expected = _by_pillow(ImageOps.equalize, PIXELS // bits * bits)
    np.testing.assert_array_equal(found, expected)
    flat = np.full((1, 5, 5, 1), 9, np.float32)
    np.testing.assert_array_equal(colours.equalize(flat), flat)
    np.testing.assert_array_equal(colours.autocontrast(flat), flat)


def test_autocontrast_is_that_of_pillow():
    dull = PIXELS // 3 + 40
    found = colours.autocontrast(dull.astype(np.float32)).numpy()
    expected = _by_pillow(ImageOps.autocontrast, dull)
    assert np.abs(found - expected).max() <= 1


def test_rotation_and_shear_are_those_of_keras():
    angles = np.array([0.0, 0.4, -0.2], np.float32)
    found = geometry.affine(FLOATS, geometry.rotation(angles)).numpy()
    layer = keras.layers.RandomRotation((0.4 / (2 * np.pi),) * 2, "reflect")
    expected = np.asarray(layer(FLOATS, training=True))[1]  # against the clock
    np.testing.assert_allclose(found[1], expected, atol=0.02)
    np.testing.assert_allclose(found[0], FLOATS[0], atol=1e-3)
    turned = geometry.affine(
        FLOATS[:, :, :16], geometry.rotation(tf.fill([3], np.pi / 2))
    )
    np.testing.assert_allclose(turned, tf.image.rot90(FLOATS[:, :, :16]), atol=0.1)
    sheared = geometry.shear(tf.constant([0.5]), tf.constant([0.0]))
    found = geometry.affine(FLOATS[:1], sheared).numpy()[0]
    middle = (16 - 1) / 2
    for y in (0, 5, 15):  # a row moves by half its distance from the middle
        x = 10 + 0.5 * (y - middle)
        low = int(np.floor(x))
        part = x - low
        expected = (1 - part) * FLOATS[0, y, low] + part * FLOATS[0, y, low + 1]
        np.testing.assert_allclose(found[y, 10], expected, atol=0.05)


def test_flips_and_shifts():
    found = geometry.flip(FLOATS, tf.constant([True, False, True]), 2).numpy()
    np.testing.assert_array_equal(
        found[[0, 2]], tf.image.flip_left_right(FLOATS[[0, 2]])
    )
    np.testing.assert_array_equal(found[1], FLOATS[1])
    drawn = tf.constant([[0.0, 0.5], [0.999, 0.999], [0.5, 0.5]])
    found = geometry.shifted(FLOATS, drawn, 2.4).numpy()
    np.testing.assert_allclose(found[0, :, 2:], FLOATS[0, :, :-2], atol=1e-3)
    np.testing.assert_allclose(found[1, :-2, :-2], FLOATS[1, 2:, 2:], atol=1e-3)
    np.testing.assert_allclose(found[2], FLOATS[2], atol=1e-3)


def test_crops_and_sizes_are_those_of_tf_image():
    encoded = tf.constant([pictures.encoded(Image.fromarray(p), "PNG") for p in PIXELS])
    found = decoding.decoded(encoded, 8, 3, "stretch").numpy()
    expected = tf.image.resize(PIXELS, (8, 8), antialias=True)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    found = decoding.decoded(encoded, 16, 3, "crop").numpy()
    np.testing.assert_array_equal(found, PIXELS[:, :, 2:18])
    found = decoding.decoded(encoded, 20, 3, "pad").numpy()
    np.testing.assert_array_equal(found[:, 2:18], PIXELS)
    assert (found[:, :2] == 0).all() and (found[:, 18:] == 0).all()
    crops = tf.constant([[0.25, 0.1, 0.5, 0.4]] * 3)
    found = decoding.decoded(encoded, 8, 3, "crop", crops).numpy()
    np.testing.assert_array_equal(found, PIXELS[:, 4:12, 2:10])
    # as tf.image.crop_and_resize where no pixel is left out
    crops = tf.constant([[0.0, 0.0, 0.5, 0.4]] * 3)
    found = decoding.decoded(encoded, 16, 3, "crop", crops).numpy()
    expected = tf.image.resize(PIXELS[:, :8, :8], (16, 16))
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_random_crops_are_inside_and_as_large_as_asked():
    crops = decoding.crops(randomness.uniform(SEEDS, 0, 4), 0.3).numpy()
    assert (crops >= 0).all() and (crops[:, :2] + crops[:, 2:] <= 1.0001).all()
    area = crops[:, 2] * crops[:, 3]
    assert area.min() > 0.25 and area.max() > 0.8
    aspect = crops[:, 3] / crops[:, 2]
    assert aspect.min() >= 0.74 and aspect.max() <= 1.34 and np.std(aspect) > 0.05


def test_numbers_depend_on_seeds_and_stream_alone():
    whole = randomness.uniform(SEEDS, 3, 5).numpy()
    order = np.random.default_rng(0).permutation(len(SEEDS))
    np.testing.assert_array_equal(
        randomness.uniform(SEEDS[order], 3, 5).numpy(), whole[order]
    )
    one = np.concatenate([randomness.uniform(SEEDS[i : i + 1], 3, 5) for i in order])
    np.testing.assert_array_equal(one, whole[order])
    np.testing.assert_array_equal(randomness.uniform(SEEDS, 3, 2), whole[:, :2])
    others = [SEEDS + step for step in np.eye(3, dtype=np.int64)[:2]]
    for other in (*(randomness.uniform(s, 3, 5) for s in others),):
        assert (np.asarray(other) != whole).mean() > 0.99
    assert (randomness.uniform(SEEDS, 4, 5).numpy() != whole).mean() > 0.99
    many = np.array([[1, 0, n] for n in range(20_000)], np.int64)
    drawn = randomness.uniform(many, 0, 2).numpy()
    assert drawn.min() >= 0 and drawn.max() < 1
    counts = np.histogram2d(*drawn.T, bins=4, range=[[0, 1], [0, 1]])[0]
    assert np.abs(counts / 20_000 * 16 - 1).max() < 0.12


def test_the_hash_is_that_of_the_splits():
    """SplitMix64 once more, by NumPy."""
    state = np.full(len(SEEDS), 3, np.uint64)  # stream 2
    for column in range(3):
        state = splits.mix(state ^ splits.mix(SEEDS[:, column].astype(np.uint64)))
    gamma = np.uint64(0x9E3779B97F4A7C15)
    bits = splits.mix(state + gamma)
    expected = (bits >> np.uint64(40)).astype(np.float32) / 2**24
    np.testing.assert_array_equal(randomness.uniform(SEEDS, 2, 1)[:, 0], expected)


@pytest.mark.parametrize("name", rand_augment.OPERATIONS)
@pytest.mark.parametrize("batch", [DULL, DULL[..., :1]], ids=["colours", "grey"])
def test_each_operation_is_applied_where_it_was_drawn(name, batch):
    place = rand_augment.OPERATIONS.index(name)
    which = tf.constant([0, place, 0])
    found = rand_augment.apply(batch, which, tf.constant([0.5, 0.5, -0.5])).numpy()
    np.testing.assert_array_equal(found[[0, 2]], batch[[0, 2]])
    alone = rand_augment.apply(batch[1:2], which[1:2], tf.constant([0.5])).numpy()
    np.testing.assert_allclose(found[1], alone[0], atol=1e-3)
    assert found.min() >= 0 and found.max() <= 255
    unchanged = name == "identity" or (name == "saturation" and batch.shape[3] == 1)
    assert (found[1] == batch[1]).all() == unchanged


def test_translations_move_by_a_share_of_the_edge():
    which = tf.constant([rand_augment.OPERATIONS.index("translate_x")] * 3)
    found = rand_augment.apply(FLOATS, which, tf.constant([1.0, -1.0, 0.0])).numpy()
    np.testing.assert_allclose(found[0, :, :-6], FLOATS[0, :, 6:], atol=1e-3)
    np.testing.assert_allclose(found[1, :, 6:], FLOATS[1, :, :-6], atol=1e-3)
    np.testing.assert_allclose(found[2], FLOATS[2], atol=1e-3)
