"""Decoding, cropping and resizing of encoded pictures in the graph.

N pictures, S edge of the result, C channels. Pictures of any sizes are decoded one by
one, several at a time; what comes after has one size, and is done for all at once.
"""

import math

import tensorflow as tf

_PARALLEL = 16  # pictures of a batch that are decoded at a time, at the most
_ASPECTS = (math.log(3 / 4), math.log(4 / 3))  # of crops (Szegedy et al. 2014)


def decoded(encoded_N, size: int, channels: int, resize: str, crops_N4=None):
    """Pictures float32 [N, S, S, C] from 0 to 255.

    Args:
      encoded_N: bytes, as inputs.image.codecs.plain gives them.
      size: S.
      channels: 1 or 3.
      resize: stretch to the square; crop the middle of it; or pad with black, so that
        all is seen.
      crops_N4: shares of each picture to see in place of that, stretched: top, left,
        height, width, from 0 to 1.
    """
    found = tf.TensorSpec((size, size, channels), tf.float32)

    def one(values):
        encoded, crop = values if crops_N4 is not None else (values, None)
        pixels_HWC = tf.io.decode_jpeg(  # or PNG
            encoded, channels=channels, dct_method="INTEGER_ACCURATE"
        )
        if crop is None:
            return resized(pixels_HWC, size, resize)
        return resized(_cut(pixels_HWC, crop), size, "stretch")

    values = encoded_N if crops_N4 is None else (encoded_N, crops_N4)
    parallel = None if tf.executing_eagerly() else _PARALLEL
    return tf.map_fn(
        one, values, parallel_iterations=parallel, fn_output_signature=found
    )


def resized(pixels_HWC, size: int, resize: str):
    """One picture as float32 [S, S, C]: bilinear, smoothed where it is made smaller."""
    shape = (size, size, pixels_HWC.shape[2])

    def same():
        return tf.cast(pixels_HWC, tf.float32)

    def other():
        edges_2 = tf.shape(pixels_HWC)[:2]
        within = pixels_HWC
        if resize == "crop":
            least = tf.reduce_min(edges_2)
            top, left = tf.unstack((edges_2 - least) // 2)
            within = pixels_HWC[top : top + least, left : left + least]
        if resize != "pad":
            made = tf.image.resize(within, (size, size), antialias=True)
        else:
            made = tf.image.resize_with_pad(within, size, size, antialias=True)
        # the kernel's sum is 1 but for its rounding
        return tf.clip_by_value(made, 0.0, 255.0)

    is_same = tf.reduce_all(tf.equal(tf.shape(pixels_HWC)[:2], size))
    return tf.ensure_shape(tf.cond(is_same, same, other), shape)


def crops(drawn_N4, least: float):
    """Random crops [N, 4] of at least a share of the area; see `decoded`.

    Args:
      drawn_N4: uniform numbers in [0, 1).
      least: share of the area.
    """
    area_N = least + (1.0 - least) * drawn_N4[:, 0]
    low, high = _ASPECTS
    aspect_N = tf.exp(low + (high - low) * drawn_N4[:, 1])
    height_N = tf.minimum(tf.sqrt(area_N / aspect_N), 1.0)
    width_N = tf.minimum(tf.sqrt(area_N * aspect_N), 1.0)
    top_N = (1.0 - height_N) * drawn_N4[:, 2]
    left_N = (1.0 - width_N) * drawn_N4[:, 3]
    return tf.stack([top_N, left_N, height_N, width_N], axis=1)


def _cut(pixels_HWC, crop_4):
    edges_2 = tf.cast(tf.shape(pixels_HWC)[:2], tf.float32)
    sizes_2 = tf.maximum(tf.cast(tf.round(crop_4[2:] * edges_2), tf.int32), 1)
    start_2 = tf.cast(tf.floor(crop_4[:2] * edges_2), tf.int32)
    start_2 = tf.minimum(start_2, tf.shape(pixels_HWC)[:2] - sizes_2)
    top, left = tf.unstack(start_2)
    height, width = tf.unstack(sizes_2)
    return pixels_HWC[top : top + height, left : left + width]
