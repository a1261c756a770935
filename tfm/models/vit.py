"""Vision Transformer (ViT).

B batch, H height, W width, C channels, T patches, D width.
"""

import dataclasses
from collections.abc import Mapping

from tfm import errors
from tfm import interfaces
from tfm import validation
from tfm.models import stack


@dataclasses.dataclass(frozen=True)
class ViT(stack.Stack):
    """Transformer encoder over patches (Dosovitskiy et al. 2020, arXiv:2010.11929).

    Pre-norm, with the mean of the patches in place of a class token (Beyer et al. 2022,
    arXiv:2205.01580).
    """

    patch: int = 16  # pixels of a patch's edge; it must divide the picture's
    pooling: stack.Pooling = "mean"  # how the patches become the picture's vector

    reads, optional = frozenset({"pixels"}), frozenset()
    gives = frozenset({"sequence", "pooled"})

    def __post_init__(self):
        super().__post_init__()
        validation.one_of(self, pooling=stack.Pooling)
        validation.at_least(self, 1, "patch")

    def build(self, specs: Mapping[str, interfaces.Spec]):
        """The keras.Model {"pixels": float32 [B, H, W, C]} -> its outputs.

        Args:
          specs: of "pixels".

        Returns:
          a keras.Model with the outputs "sequence" [B, T, D], patch by patch, row by
          row, and "pooled" [B, D].

        Raises:
          UserError: the patches do not fill the picture.
        """
        import keras

        from tfm import layers

        height, width, _ = specs["pixels"].shape
        if height % self.patch or width % self.patch:
            raise errors.UserError(
                f"inputs.size must divide by model.patch. Got {height} x {width} "
                f"pixels, patch={self.patch}."
            )
        inputs = stack.inputs(specs, "pixels")
        x_BHWD = keras.layers.Conv2D(
            self.width, self.patch, self.patch, name="embedding"
        )(inputs["pixels"])
        count = (height // self.patch) * (width // self.patch)
        x_BTD = keras.layers.Reshape((count, self.width), name="patches")(x_BHWD)
        x_BTD = self._add_positions(x_BTD, count)
        x_BTD = keras.layers.Dropout(self.embedding_dropout, name="embedding_dropout")(
            x_BTD
        )
        for number in range(self.num_layers):
            block = self._block(layers.TransformerEncoderBlock, f"block_{number}")
            x_BTD = block(x_BTD)
        sequence_BTD = layers.normalize(self.normalization, "final_norm", self.bias)(
            x_BTD
        )
        pooled_BD = layers.Pooling(self.pooling, self.width, name="pooling")(
            sequence_BTD
        )
        outputs = {"sequence": sequence_BTD, "pooled": pooled_BD}
        return keras.Model(inputs, outputs, name="vit_model")
