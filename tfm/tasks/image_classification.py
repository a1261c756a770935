"""Image classification, binary, multi-class or multi-label."""

import dataclasses

from tfm.tasks.classification import settings


@dataclasses.dataclass(frozen=True)
class ImageClassification(settings.Classification):
    """One of two or more classes for each picture, or any number of labels to it."""

    usage = "predict --input=PICTURES"
