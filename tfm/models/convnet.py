"""Convolutional networks of pictures: plain (VGG) and residual (ResNet).

B batch, H height, W width, C channels, D width of the last features.
"""

import dataclasses
from collections.abc import Mapping
from typing import Literal

from tfm import errors
from tfm import interfaces
from tfm import validation
from tfm.models import stack

Normalization = Literal["group", "layer", "batch", "none"]


@dataclasses.dataclass(frozen=True)
class ConvNet:
    """Convolutions of 3 x 3 in stages, each half as wide as the one before.

    As VGG (Simonyan and Zisserman 2014, arXiv:1409.1556) with a mean over the places
    in place of its dense layers.
    """

    filters: tuple[int, ...] = (32, 64, 128)  # of each stage
    convolutions: int = 2  # of a stage
    # "batch" has running statistics, and its gradients are those of each shard's own;
    # group and layer give the same update however a batch is divided
    normalization: Normalization = "group"
    dropout: float = 0.0  # share of the pooled features dropped

    reads, optional = frozenset({"pixels"}), frozenset()
    gives = frozenset({"sequence", "pooled"})

    def __post_init__(self):
        _check(self)
        validation.at_least(self, 1, "convolutions")

    def build(self, specs: Mapping[str, interfaces.Spec]):
        """The keras.Model {"pixels": float32 [B, H, W, C]} -> its outputs.

        Args:
          specs: of "pixels".

        Returns:
          a keras.Model with the outputs "sequence" [B, places, D], row by row, and
          "pooled" [B, D], the mean over the places.
        """
        import keras

        from tfm import layers

        _check_edges(specs["pixels"], 2 ** len(self.filters))
        inputs = stack.inputs(specs, "pixels")
        x_BHWC = inputs["pixels"]
        for stage, filters in enumerate(self.filters):
            for number in range(self.convolutions):
                x_BHWC = layers.Convolution(
                    filters,
                    normalization=self.normalization,
                    name=f"stage_{stage}_{number}",
                )(x_BHWC)
            x_BHWC = keras.layers.MaxPooling2D(2, name=f"halved_{stage}")(x_BHWC)
        outputs = _outputs(x_BHWC, self.dropout)
        return keras.Model(inputs, outputs, name="convnet_model")


@dataclasses.dataclass(frozen=True)
class ResNet:
    """Residual network (He et al. 2015, arXiv:1512.03385).

    With the defaults ResNet-18; stem="small" is for pictures of up to about 64 pixels.
    """

    filters: tuple[int, ...] = (64, 128, 256, 512)  # of each stage
    blocks: int = 2  # of a stage, of two convolutions each
    # the first layer: 7 x 7 with strides and pooling, a quarter of the edge; or 3 x 3
    stem: Literal["large", "small"] = "large"
    normalization: Normalization = "group"  # see ConvNet
    dropout: float = 0.0  # share of the pooled features dropped

    reads, optional = frozenset({"pixels"}), frozenset()
    gives = frozenset({"sequence", "pooled"})

    def __post_init__(self):
        _check(self)
        validation.one_of(self, stem=Literal["large", "small"])
        validation.at_least(self, 1, "blocks")

    def build(self, specs: Mapping[str, interfaces.Spec]):
        """The keras.Model {"pixels": float32 [B, H, W, C]} -> as of ConvNet."""
        import keras

        from tfm import layers

        inputs = stack.inputs(specs, "pixels")
        large = self.stem == "large"
        x_BHWC = layers.Convolution(
            self.filters[0],
            7 if large else 3,
            2 if large else 1,
            normalization=self.normalization,
            name="stem",
        )(inputs["pixels"])
        if large:
            pooling = keras.layers.MaxPooling2D(3, 2, padding="same", name="halved")
            x_BHWC = pooling(x_BHWC)
        for stage, filters in enumerate(self.filters):
            for number in range(self.blocks):
                x_BHWC = layers.ResidualBlock(
                    filters,
                    strides=2 if stage and not number else 1,
                    projects=x_BHWC.shape[3] != filters or (stage and not number),
                    normalization=self.normalization,
                    name=f"stage_{stage}_{number}",
                )(x_BHWC)
        outputs = _outputs(x_BHWC, self.dropout)
        return keras.Model(inputs, outputs, name="resnet_model")


def _outputs(x_BHWD, dropout: float) -> dict:
    """The features place by place, and their mean."""
    import keras

    pooled_BD = keras.layers.GlobalAveragePooling2D(name="pooling")(x_BHWD)
    width = x_BHWD.shape[3]
    sequence_BTD = keras.layers.Reshape((-1, width), name="sequence")(x_BHWD)
    drop = keras.layers.Dropout(dropout, name="dropout")
    return {"sequence": sequence_BTD, "pooled": drop(pooled_BD)}


def _check(config: ConvNet | ResNet) -> None:
    validation.one_of(config, normalization=Normalization)
    validation.fraction(config, "dropout")
    if not config.filters or min(config.filters) < 1:
        raise errors.UserError(
            "filters must be one number or more of at least 1, one for each stage. "
            f"Got filters={config.filters}."
        )


def _check_edges(pixels: interfaces.Spec, least: int) -> None:
    if min(pixels.shape[:2]) < least:
        height, width, _ = pixels.shape
        raise errors.UserError(
            f"Pictures must have {least} pixels an edge, as each stage halves them. "
            f"Got {height} x {width}: give --inputs.size or fewer --model.filters."
        )
