"""Several texts in one row, worked by hand."""

import numpy as np

from tfm import layers

SEGMENTS = np.array([[1, 1, 2, 2, 2, 0], [1, 2, 3, 3, 0, 0]], np.int32)


def test_positions_start_anew_in_each_text():
    _, positions = layers.Packing()(SEGMENTS)
    np.testing.assert_array_equal(positions, [[0, 1, 0, 1, 2, 0], [0, 0, 0, 1, 0, 1]])


def test_only_the_own_text_is_seen_and_no_padding():
    mask, _ = layers.Packing()(SEGMENTS, mask=SEGMENTS != 0)
    expected = np.zeros((6, 6), bool)
    expected[:2, :2] = expected[2:5, 2:5] = True
    np.testing.assert_array_equal(mask[0], expected)
    everything, _ = layers.Packing()(SEGMENTS)
    expected[5, 5] = True
    np.testing.assert_array_equal(everything[0], expected)


def test_a_row_of_one_text_is_as_if_not_packed(normal):
    ones = np.ones((2, 5), np.int32)
    mask, positions = layers.Packing()(ones, mask=ones > 0)
    x = normal(2, 5, 8)
    block = layers.TransformerDecoderBlock(8, 2, 16, rotary=True)
    packed = block(x, mask=mask, positions=positions)
    np.testing.assert_allclose(packed, block(x), atol=1e-6)
