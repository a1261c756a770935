"""RandAugment (Cubuk et al. 2019, arXiv:1909.13719): random operations on each picture.

B batch, H height, W width, C channels. Each operation is applied once, to the pictures
of the batch that drew it.
"""

import math

import tensorflow as tf

from tfm.inputs.image import colours
from tfm.inputs.image import geometry
from tfm.inputs.image import randomness

OPERATIONS = (
    "identity",
    "autocontrast",
    "equalize",
    "rotate",
    "solarize",
    "saturation",
    "posterize",
    "contrast",
    "brightness",
    "sharpness",
    "shear_x",
    "shear_y",
    "translate_x",
    "translate_y",
)
# at magnitude 1: radians, a slope, a share of the edge, a change of the factor 1, bits
_ROTATE, _SHEAR, _TRANSLATE, _ENHANCE, _BITS = math.radians(30), 0.3, 0.3, 0.9, 4.0


def rand_augment(pixels_BHWC, seeds_B3, stream: int, operations: int, magnitude: float):
    """The pictures after so many operations each, drawn with equal chances.

    Args:
      pixels_BHWC: float32 from 0 to 255.
      seeds_B3: see randomness.uniform.
      stream: of the first operation; each has the next one.
      operations: of a picture, one after the other.
      magnitude: from 0 to 1.
    """
    for number in range(operations):
        drawn_B2 = randomness.uniform(seeds_B3, stream + number, 2)
        which_B = tf.cast(drawn_B2[:, 0] * len(OPERATIONS), tf.int32)
        signs_B = tf.where(drawn_B2[:, 1] < 0.5, -1.0, 1.0)
        pixels_BHWC = apply(pixels_BHWC, which_B, magnitude * signs_B)
    return pixels_BHWC


def apply(pixels_BHWC, which_B, magnitudes_B):
    """The pictures, each after one operation.

    Args:
      pixels_BHWC: float32 from 0 to 255.
      which_B: int32, places in OPERATIONS.
      magnitudes_B: from -1 to 1; the sign is the direction, where there is one.
    """
    count = len(OPERATIONS)
    places = tf.dynamic_partition(tf.range(tf.shape(pixels_BHWC)[0]), which_B, count)
    found = [
        _operation(name, tf.gather(pixels_BHWC, own), tf.gather(magnitudes_B, own))
        for name, own in zip(OPERATIONS, places, strict=True)
    ]
    return tf.ensure_shape(tf.dynamic_stitch(places, found), pixels_BHWC.shape)


def _operation(name: str, pixels_BHWC, m_B):
    """One operation on all of the pictures, of magnitudes m_B."""
    zeros_B = tf.zeros_like(m_B)
    if name == "rotate":
        return geometry.affine(pixels_BHWC, geometry.rotation(_ROTATE * m_B))
    if name == "shear_x":
        return geometry.affine(pixels_BHWC, geometry.shear(_SHEAR * m_B, zeros_B))
    if name == "shear_y":
        return geometry.affine(pixels_BHWC, geometry.shear(zeros_B, _SHEAR * m_B))
    if name.startswith("translate_"):
        axis = 2 if name == "translate_x" else 1
        edge = tf.cast(tf.shape(pixels_BHWC)[axis], tf.float32)
        pixels_B = tf.round(_TRANSLATE * m_B * edge)
        shifts = [pixels_B, zeros_B] if axis == 2 else [zeros_B, pixels_B]
        plain = geometry.shear(zeros_B, zeros_B)
        return geometry.affine(pixels_BHWC, plain, tf.stack(shifts, axis=1))
    if name == "solarize":
        return colours.solarize(pixels_BHWC, 256.0 * (1.0 - tf.abs(m_B)))
    if name == "posterize":
        return colours.posterize(pixels_BHWC, 8.0 - tf.round(_BITS * tf.abs(m_B)))
    if name in ("saturation", "contrast", "brightness", "sharpness"):
        return getattr(colours, name)(pixels_BHWC, 1.0 + _ENHANCE * m_B)
    if name in ("autocontrast", "equalize"):
        return getattr(colours, name)(pixels_BHWC)
    return pixels_BHWC
