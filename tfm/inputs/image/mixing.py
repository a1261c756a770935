"""MixUp and CutMix: a picture and its partner as one, and the share of its own label.

B batch, H height, W width, C channels.
"""

import tensorflow as tf

from tfm.inputs.image import randomness

_STEPS = 1024  # of the table of a Beta distribution


def mix(pixels_BHWC, partners_BHWC, seeds_B3, stream: int, mixup: float, cutmix: float):
    """Mixed pictures, and own shares float32 [B] of the labels.

    MixUp (Zhang et al. 2017, arXiv:1710.09412) where `mixup` is above 0, CutMix (Yun et
    al. 2019, arXiv:1905.04899) where `cutmix` is; of both each with half the chance.

    Args:
      pixels_BHWC: float32; so is partners_BHWC.
      seeds_B3: see randomness.uniform.
      stream: likewise.
      mixup: alpha of the Beta distribution of the shares; 0: none.
      cutmix: likewise.
    """
    drawn_B4 = randomness.uniform(seeds_B3, stream, 4)
    cuts_B = tf.fill(tf.shape(drawn_B4)[:1], not mixup)
    if mixup and cutmix:
        cuts_B = drawn_B4[:, 0] < 0.5
    own_B = beta(drawn_B4[:, 1], mixup or cutmix)
    if mixup and cutmix:
        own_B = tf.where(cuts_B, beta(drawn_B4[:, 1], cutmix), own_B)
    mask_BHW, left_B = box(own_B, drawn_B4[:, 2:], tf.shape(pixels_BHWC)[1:3])
    weights = own_B[:, None, None, None]
    mixed_BHWC = weights * pixels_BHWC + (1.0 - weights) * partners_BHWC
    pasted_BHWC = tf.where(mask_BHW[..., None], partners_BHWC, pixels_BHWC)
    found = tf.where(cuts_B[:, None, None, None], pasted_BHWC, mixed_BHWC)
    return found, tf.where(cuts_B, left_B, own_B)


def box(own_B, centres_B2, size_2):
    """Boxes to paste, bool [B, H, W], and the shares [B] of the pictures they leave.

    A box has the share 1 - own of the picture, in its proportions, before it is cut
    off at the edges; what it leaves is counted after that.

    Args:
      own_B: float32 from 0 to 1.
      centres_B2: y and x, from 0 to 1.
      size_2: height and width, int32.
    """
    height, width = size_2[0], size_2[1]
    edges_2 = tf.cast(size_2, tf.float32)
    halves_B2 = tf.sqrt(1.0 - own_B)[:, None] * edges_2 / 2.0
    middles_B2 = tf.floor(centres_B2 * edges_2)
    low_B2 = tf.cast(tf.maximum(tf.round(middles_B2 - halves_B2), 0.0), tf.int32)
    high_B2 = tf.cast(tf.minimum(tf.round(middles_B2 + halves_B2), edges_2), tf.int32)
    ys_H, xs_W = tf.range(height), tf.range(width)
    in_y_BH = (ys_H >= low_B2[:, :1]) & (ys_H < high_B2[:, :1])
    in_x_BW = (xs_W >= low_B2[:, 1:]) & (xs_W < high_B2[:, 1:])
    area_B = tf.cast(tf.reduce_prod(tf.maximum(high_B2 - low_B2, 0), 1), tf.float32)
    left_B = 1.0 - area_B / tf.reduce_prod(edges_2)
    return in_y_BH[:, :, None] & in_x_BW[:, None, :], left_B


def beta(uniform_B, alpha: float):
    """Numbers of Beta(alpha, alpha), by uniform ones: the inverse, from a table."""
    from scipy import special

    places = [i / _STEPS for i in range(_STEPS + 1)]
    table = tf.constant(special.betaincinv(alpha, alpha, places), tf.float32)
    at_B = uniform_B * _STEPS
    low_B = tf.minimum(tf.cast(at_B, tf.int32), _STEPS - 1)
    part_B = at_B - tf.cast(low_B, tf.float32)
    return (1.0 - part_B) * tf.gather(table, low_B) + part_B * tf.gather(
        table, low_B + 1
    )
