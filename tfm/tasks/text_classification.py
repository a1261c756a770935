"""Text classification, binary, multi-class or multi-label."""

import dataclasses

from tfm.tasks.classification import settings


@dataclasses.dataclass(frozen=True)
class TextClassification(settings.Classification):
    """One of two or more classes for each text, or any number of labels to it."""

    usage = 'predict --text="..."'
