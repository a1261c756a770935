"""Convolutions of pictures with normalization, and residual blocks of them.

B batch, H height, W width, C channels, F filters.
"""

import keras

from tfm.layers import base

NORMALIZATIONS = ("group", "layer", "batch", "none")
_GROUPS = 32  # at the most
_LEAST = 4  # filters of a group
_EPSILON = 1e-5


def normalize_pixels(normalization: str, filters: int, name: str | None = None):
    """Normalization of features [B, H, W, F]; None for "none".

    "group" (Wu and He 2018, arXiv:1803.08494) and "layer", over the filters of each
    place, know one example at a time, so the update is the same however a batch is
    divided. "batch" has running statistics, and gradients of each shard's own.
    """
    if normalization == "group":
        most = min(_GROUPS, max(1, filters // _LEAST))
        groups = max(n for n in range(1, most + 1) if filters % n == 0)
        return keras.layers.GroupNormalization(groups, epsilon=_EPSILON, name=name)
    if normalization == "layer":
        return keras.layers.LayerNormalization(epsilon=_EPSILON, name=name)
    if normalization == "batch":
        return keras.layers.BatchNormalization(epsilon=_EPSILON, name=name)
    if normalization == "none":
        return None
    raise ValueError(
        f"normalization must be one of {', '.join(NORMALIZATIONS)}. "
        f"Got {normalization!r}."
    )


@keras.saving.register_keras_serializable(package="tfm")
class Convolution(base.Layer):
    """Convolution, normalization, activation.

    Args:
      filters: F.
      kernel_size: pixels of an edge.
      strides: pixels between two places.
      normalization: see normalize_pixels.
      activation: a name of Keras's, or None.

    Call arguments:
      x_BHWC.

    Returns:
      x_BHWF.
    """

    def __init__(
        self,
        filters,
        kernel_size=3,
        strides=1,
        normalization="group",
        activation="relu",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.convolution = keras.layers.Conv2D(
            filters,
            kernel_size,
            strides,
            padding="same",
            use_bias=normalization == "none",
            kernel_initializer="he_normal",
            name="convolution",
        )
        self.norm = normalize_pixels(normalization, filters, "norm")
        self.activation = keras.activations.get(activation)

    def call(self, x_BHWC, training=None):
        x_BHWF = self.convolution(x_BHWC)
        if self.norm is not None:
            x_BHWF = self.norm(x_BHWF, training=training)
        return self.activation(x_BHWF)


@keras.saving.register_keras_serializable(package="tfm")
class ResidualBlock(base.Layer):
    """Residual block of two convolutions (He et al. 2015, arXiv:1512.03385).

    Where there are strides, the shortcut takes the mean of the places that it leaves
    out (ResNet-D, He et al. 2018, arXiv:1812.01187).

    Args:
      filters: F.
      strides: of the first convolution, and of the shortcut.
      projects: whether the shortcut is a convolution of one pixel, as it must be where
        strides are above 1 or C is not F.
      normalization: see normalize_pixels.

    Call arguments:
      x_BHWC.

    Returns:
      x_BHWF.
    """

    def __init__(
        self, filters, strides=1, projects=False, normalization="group", **kwargs
    ):
        super().__init__(**kwargs)

        def convolution(name, **options):
            return Convolution(
                filters, normalization=normalization, name=name, **options
            )

        self.first = convolution("first", strides=strides)
        self.second = convolution("second", activation=None)
        self.pooling = self.shortcut = None
        if strides > 1:
            self.pooling = keras.layers.AveragePooling2D(strides, padding="same")
        if projects:
            self.shortcut = convolution("shortcut", kernel_size=1, activation=None)

    def call(self, x_BHWC, training=None):
        y_BHWF = self.second(self.first(x_BHWC, training=training), training=training)
        if self.pooling is not None:
            x_BHWC = self.pooling(x_BHWC)
        if self.shortcut is not None:
            x_BHWC = self.shortcut(x_BHWC, training=training)
        return keras.ops.relu(x_BHWC + y_BHWF)
