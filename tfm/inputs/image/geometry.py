"""Flips and affine transforms of pictures, each picture by numbers of its own.

B batch, H height, W width, C channels. Angles in radians, lengths in pixels.
"""

import tensorflow as tf


def flip(pixels_BHWC, chosen_B, axis: int):
    """Mirrors the pictures that are chosen: axis 2 left to right, 1 upside down."""
    mirrored_BHWC = tf.reverse(pixels_BHWC, [axis])
    return tf.where(chosen_B[:, None, None, None], mirrored_BHWC, pixels_BHWC)


def rotation(angles_B):
    """Matrices [B, 2, 2] of a turn around the centre, against the clock."""
    sin_B, cos_B = tf.sin(angles_B), tf.cos(angles_B)
    return _matrix(cos_B, -sin_B, sin_B, cos_B)


def shear(x_B, y_B):
    """Matrices [B, 2, 2] that take x + x_B * y and y + y_B * x."""
    ones_B = tf.ones_like(x_B)
    return _matrix(ones_B, x_B, y_B, ones_B)


def affine(pixels_BHWC, matrices_B22, shifts_B2=None):
    """Affine transform around the centre: bilinear, reflected at the edges.

    The output at (x, y) from the centre is the input at matrix (x, y) + shift.

    Args:
      pixels_BHWC: float32.
      matrices_B22: as of `rotation`.
      shifts_B2: x and y; None: no shift.
    """
    height, width = tf.unstack(tf.cast(tf.shape(pixels_BHWC)[1:3], tf.float32))
    centre_2 = tf.stack([width - 1.0, height - 1.0]) / 2.0
    offsets_B2 = centre_2 - tf.linalg.matvec(matrices_B22, centre_2)
    if shifts_B2 is not None:
        offsets_B2 += shifts_B2
    zeros_B2 = tf.zeros_like(offsets_B2)
    rows_B23 = tf.concat([matrices_B22, offsets_B2[:, :, None]], axis=2)
    transforms_B8 = tf.concat([tf.reshape(rows_B23, [-1, 6]), zeros_B2], axis=1)
    found = tf.raw_ops.ImageProjectiveTransformV3(
        images=pixels_BHWC,
        transforms=transforms_B8,
        output_shape=tf.shape(pixels_BHWC)[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )
    return tf.ensure_shape(found, pixels_BHWC.shape)


def shifted(pixels_BHWC, drawn_B2, most: float):
    """The pictures moved by whole pixels, up to `most` each way, reflected.

    Args:
      drawn_B2: uniform numbers in [0, 1), for x and y.
    """
    shifts_B2 = tf.floor(drawn_B2 * (2 * int(most) + 1)) - float(int(most))
    plain_B22 = tf.eye(2, batch_shape=tf.shape(drawn_B2)[:1])
    return affine(pixels_BHWC, plain_B22, shifts_B2)


def _matrix(a_B, b_B, c_B, d_B):
    return tf.stack([tf.stack([a_B, b_B], 1), tf.stack([c_B, d_B], 1)], 1)
