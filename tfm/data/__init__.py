"""From a user's files to batches: sources -> records -> tokens -> batches."""

from tfm.data.augmentation import Augment
from tfm.data.corpus import Corpus
from tfm.data.labeled_text import LabeledText

__all__ = ["Augment", "Corpus", "LabeledText"]
