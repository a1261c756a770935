"""Tasks: what is learnt, by which head and loss, and how a model is scored."""

from tfm.tasks.causal_lm import CausalLM
from tfm.tasks.image_classification import ImageClassification
from tfm.tasks.masked_lm import MaskedLM
from tfm.tasks.span_corruption import SpanCorruption
from tfm.tasks.text_classification import TextClassification
from tfm.tasks.translation import Translation

__all__ = [
    "CausalLM",
    "ImageClassification",
    "MaskedLM",
    "SpanCorruption",
    "TextClassification",
    "Translation",
]
