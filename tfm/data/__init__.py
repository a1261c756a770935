"""From a user's files to batches: sources -> rows -> splits -> batches."""

from tfm.data.corpus import Corpus
from tfm.data.labeled_images import LabeledImages
from tfm.data.labeled_text import LabeledText
from tfm.data.parallel_text import ParallelText
from tfm.data.rows_source import Rows

__all__ = ["Corpus", "LabeledImages", "LabeledText", "ParallelText", "Rows"]
