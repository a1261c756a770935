"""The fields of pictures: their size, colours and range of values."""

import dataclasses
from typing import Literal

from tfm import errors
from tfm import validation
from tfm.inputs.image import augmentation

Resize = Literal["stretch", "crop", "pad"]
Normalize = Literal["data", "imagenet", "unit", "signed", "none"]


@dataclasses.dataclass(frozen=True)
class ImageSettings:
    """The fields that decide what becomes of a picture; see config.Image."""

    size: int = 224  # pixels of an edge, as the model sees it
    channels: int = 3  # 3 colours; 1 grey
    # to the square: stretch; crop its middle; pad with black, so that all is seen
    resize: Resize = "crop"
    # mean 0 and deviation 1 of each channel over the training pictures (data) or over
    # ImageNet; 0 to 1 (unit), -1 to 1 (signed), 0 to 255 (none)
    normalize: Normalize = "data"
    augment: augmentation.ImageAugment = augmentation.ImageAugment()

    columns = {"image": frozenset({"image"})}
    gives = frozenset({"pixels"})
    normalizations = Normalize

    def __post_init__(self):
        validation.at_least(self, 1, "size")
        validation.one_of(self, resize=Resize, normalize=self.normalizations)
        if self.channels not in (1, 3):
            raise errors.UserError(
                f"channels must be 1 (grey) or 3 (colours). Got {self.channels}."
            )


@dataclasses.dataclass(frozen=True)
class PresetImageSettings(ImageSettings):
    """The fields of pretrained.PretrainedImage, where None is as the preset has it."""

    preset: str = ""  # a keras_nlp preset's name or a folder; empty: the model's
    size: int | None = None  # pixels of an edge; none: as the preset was trained on
    # the preset's own constants; others as of Image
    normalize: Literal["preset", "data", "imagenet", "unit", "signed", "none"] = (
        "preset"
    )

    normalizations = Literal["preset", "data", "imagenet", "unit", "signed", "none"]
