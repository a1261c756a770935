"""Training pictures that differ by epoch: cropped, mirrored, changed, mixed."""

import dataclasses

from tfm import validation


@dataclasses.dataclass(frozen=True)
class ImageAugment:
    """Data augmentation of pictures, in the graph.

    What becomes of a picture depends on the seed, the epoch and the picture's number
    alone, so a resumed run sees what an uninterrupted one would have seen.
    """

    flip: bool = True  # mirror half of the pictures; not right for letters and digits
    flip_vertical: bool = False  # turn half of them upside down
    # least share of the area that is seen, in a crop of any place and proportions
    # (Szegedy et al. 2014); 1: the whole picture
    crop: float = 1.0
    shift: float = 0.0  # moved by this share of the edge at the most, each way
    operations: int = 0  # of RandAugment on each picture (Cubuk et al. 2019)
    magnitude: float = 0.5  # of these, up to 1
    mixup: float = 0.0  # alpha of MixUp (Zhang et al. 2017); 0: none
    cutmix: float = 0.0  # alpha of CutMix (Yun et al. 2019); 0: none

    def __post_init__(self):
        validation.share(self, "crop", "magnitude")
        validation.fraction(self, "shift")
        validation.at_least(self, 0, "operations", "mixup", "cutmix")

    @property
    def mixes(self) -> bool:
        """Whether a picture needs a partner."""
        return bool(self.mixup or self.cutmix)
