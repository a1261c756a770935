"""Published models of pictures: presets of keras_nlp (KerasHub).

B batch, S edge, C channels, D width.
"""

import dataclasses
import pathlib
import typing
from collections.abc import Mapping

from tfm import errors
from tfm import interfaces
from tfm import validation

if typing.TYPE_CHECKING:
    import keras


@dataclasses.dataclass(frozen=True)
class PretrainedImage:
    """A pretrained backbone of keras_nlp, with the weights that were published.

    The preset is a name that keras_nlp knows, or the folder of a KerasHub preset. Train
    the head alone with --adapt.freeze=backbone. A backbone with BatchNormalization has
    running statistics, which only then stay as they are.
    """

    # a keras_nlp preset's name, a folder, or package:NAME/FOLDER of a package
    preset: str = ""
    dropout: float = 0.0  # share of the pooled features dropped

    reads, optional = frozenset({"pixels"}), frozenset()
    gives = frozenset({"sequence", "pooled"})

    def __post_init__(self):
        validation.fraction(self, "dropout")
        if not self.preset:
            raise errors.UserError("preset must name a preset or a folder. Got none.")

    def build(self, specs: Mapping[str, interfaces.Spec]):
        """The keras.Model {"pixels": float32 [B, S, S, C]} -> its outputs.

        Its shape is the preset's, its weights are random: `published` has those that
        were published.

        Args:
          specs: of "pixels".

        Returns:
          a keras.Model with the outputs "sequence" [B, places, D] and "pooled" [B, D]:
          the class token's features where there is one, else the mean.

        Raises:
          UserError: the preset cannot be read, or takes pictures of another shape.
        """
        import keras

        from tfm.inputs.image import published
        from tfm.models import stack

        backbone = published.backbone(self.preset)
        self._check(backbone, specs["pixels"])
        inputs = stack.inputs(specs, "pixels")
        # `call`, since __call__ would hide the layers within one
        found = backbone.call(inputs["pixels"])
        has_token = False
        if len(found.shape) == 4:
            width = found.shape[3]
            found = keras.layers.Reshape((-1, width), name="sequence")(found)
        else:
            has_token = getattr(backbone, "use_class_token", False)
        if has_token:
            pooled_BD = found[:, 0]
        else:
            pooled_BD = keras.layers.GlobalAveragePooling1D(name="pooling")(found)
        pooled_BD = keras.layers.Dropout(self.dropout, name="dropout")(pooled_BD)
        outputs = {"sequence": found, "pooled": pooled_BD}
        return keras.Model(inputs, outputs, name="pretrained_image_model")

    def published(self) -> "keras.Model":
        """keras_nlp's backbone of the preset, with the published weights.

        Raises:
          UserError: the preset cannot be read.
        """
        from tfm.inputs.image import published

        return published.backbone(self.preset, load_weights=True)

    def kept_in(self, folder: str | pathlib.Path) -> "PretrainedImage":
        """This config with a folder for its preset, which holds the model's shape.

        With it a run needs the preset no more: the weights are in its checkpoints.
        """
        from tfm.inputs.image import published

        published.keep(self.preset, pathlib.Path(folder))
        return dataclasses.replace(self, preset=str(folder))

    def _check(self, backbone: "keras.Model", pixels: interfaces.Spec) -> None:
        wanted = getattr(backbone.input, "shape", None)
        name = f"The preset {self.preset!r}"
        if wanted is None or len(wanted) != 4:
            raise errors.UserError(
                f"{name} is a {type(backbone).__name__}, which does not read pictures "
                "alone. Give one that does, as ResNet or ViT."
            )
        pairs = zip(wanted[1:], pixels.shape, strict=True)
        if any(edge not in (None, own) for edge, own in pairs):
            shape = " x ".join("any" if w is None else str(w) for w in wanted[1:])
            own = " x ".join(map(str, pixels.shape))
            raise errors.UserError(
                f"{name} reads pictures of {shape}. Got {own}: give --inputs.size and "
                "--inputs.channels."
            )
