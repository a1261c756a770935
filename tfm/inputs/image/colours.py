"""Changes of colours, each picture by a number of its own: those of RandAugment.

Pixels are float32 from 0 to 255. The values are those of Pillow's ImageEnhance and
ImageOps but for their rounding. B batch, H height, W width, C channels, 1 or 3.
"""

import tensorflow as tf

_GREY = (0.299, 0.587, 0.114)  # ITU-R 601


def blend(one_BHWC, other_BHWC, factors_B):
    """one + factor * (other - one), within 0 and 255."""
    factors = factors_B[:, None, None, None]
    return tf.clip_by_value(one_BHWC + factors * (other_BHWC - one_BHWC), 0.0, 255.0)


def brightness(pixels_BHWC, factors_B):
    """Brightness: 0 is black, 1 changes nothing."""
    return blend(tf.zeros_like(pixels_BHWC), pixels_BHWC, factors_B)


def contrast(pixels_BHWC, factors_B):
    """Contrast: 0 is the mean grey, 1 changes nothing."""
    whole_BHW1 = tf.cast(tf.round(grey(pixels_BHWC)), tf.int32)
    # a sum of whole numbers is the same in any order
    sums_B = tf.reduce_sum(whole_BHW1, axis=[1, 2, 3])
    count = tf.cast(tf.reduce_prod(tf.shape(whole_BHW1)[1:3]), tf.float32)
    means_B = tf.floor(tf.cast(sums_B, tf.float32) / count + 0.5)
    means_BHWC = tf.zeros_like(pixels_BHWC) + means_B[:, None, None, None]
    return blend(means_BHWC, pixels_BHWC, factors_B)


def saturation(pixels_BHWC, factors_B):
    """Colour: 0 is grey, 1 changes nothing."""
    grey_BHWC = tf.zeros_like(pixels_BHWC) + grey(pixels_BHWC)
    return blend(grey_BHWC, pixels_BHWC, factors_B)


def sharpness(pixels_BHWC, factors_B):
    """Sharpness: 0 is smoothed by 3 x 3 but for the edge, 1 changes nothing."""
    height, width = pixels_BHWC.shape[1:3]
    if min(height, width) < 3:
        return pixels_BHWC
    inner = 4.0 * pixels_BHWC[:, 1:-1, 1:-1]
    for y in range(3):
        for x in range(3):
            inner += pixels_BHWC[:, y : height - 2 + y, x : width - 2 + x]
    rows = [pixels_BHWC[:, 1:-1, :1], inner / 13.0, pixels_BHWC[:, 1:-1, -1:]]
    middle = tf.concat(rows, axis=2)
    whole = [pixels_BHWC[:, :1], middle, pixels_BHWC[:, -1:]]
    return blend(tf.concat(whole, axis=1), pixels_BHWC, factors_B)


def solarize(pixels_BHWC, thresholds_B):
    """Inverts what is at a threshold or above."""
    above = pixels_BHWC >= thresholds_B[:, None, None, None]
    return tf.where(above, 255.0 - pixels_BHWC, pixels_BHWC)


def posterize(pixels_BHWC, bits_B):
    """Keeps so many of the eight bits, whole numbers."""
    step = (2.0 ** (8.0 - bits_B))[:, None, None, None]
    return tf.floor(tf.round(pixels_BHWC) / step) * step


def autocontrast(pixels_BHWC):
    """Stretches each channel from 0 to 255; one of a single value stays."""
    low = tf.reduce_min(pixels_BHWC, axis=[1, 2], keepdims=True)
    high = tf.reduce_max(pixels_BHWC, axis=[1, 2], keepdims=True)
    span = tf.maximum(high - low, 1e-6)
    return tf.where(high > low, (pixels_BHWC - low) * (255.0 / span), pixels_BHWC)


def equalize(pixels_BHWC):
    """Equalizes the histogram of each channel."""
    shape = tf.shape(pixels_BHWC)
    planes_BCHW = tf.transpose(tf.round(pixels_BHWC), [0, 3, 1, 2])
    values_NP = tf.reshape(tf.cast(planes_BCHW, tf.int32), [-1, shape[1] * shape[2]])
    counts_NV = _histograms(values_NP)
    highest_N1 = tf.reduce_max(values_NP, axis=1, keepdims=True)
    last_N1 = tf.gather(counts_NV, highest_N1, axis=1, batch_dims=1)
    step_N1 = (tf.shape(values_NP)[1] - last_N1) // 255
    below_NV = tf.cumsum(counts_NV, axis=1, exclusive=True)
    table_NV = (step_N1 // 2 + below_NV) // tf.maximum(step_N1, 1)
    table_NV = tf.where(step_N1 > 0, tf.minimum(table_NV, 255), tf.range(256)[None])
    found_NP = tf.gather(table_NV, values_NP, axis=1, batch_dims=1)
    found_BCHW = tf.reshape(found_NP, tf.shape(planes_BCHW))
    return tf.cast(tf.transpose(found_BCHW, [0, 2, 3, 1]), tf.float32)


def grey(pixels_BHWC):
    """Luma [B, H, W, 1]."""
    if pixels_BHWC.shape[3] == 1:
        return pixels_BHWC
    return tf.reduce_sum(pixels_BHWC * tf.constant(_GREY), axis=3, keepdims=True)


def _histograms(values_NP):
    """Counts of 0 to 255 in each row, int32 [N, 256]."""
    rows_N1 = tf.range(tf.shape(values_NP)[0])[:, None] * 256
    flat = tf.reshape(values_NP + rows_N1, [-1])
    size = tf.shape(values_NP)[0] * 256
    counts = tf.math.unsorted_segment_sum(tf.ones_like(flat), flat, size)
    return tf.reshape(counts, [-1, 256])
