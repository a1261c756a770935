"""Small classifiers over token ids, for tests of what happens to a model."""

import keras

from tests.support import specs as specs_module
from tfm import tasks
from tfm.data.columns import category


class Preprocessor:
    """Ids below a size, in rows of a length: as far as a task asks."""

    def __init__(self, vocab_size: int, max_length: int):
        self.stored = self.specs = specs_module.of(vocab_size, max_length)


def objective(vocab_size: int, max_length: int, labels=("a", "b"), **fields):
    """Text classification, bound."""
    column = category.Category(tuple(labels))
    return tasks.TextClassification(**fields).bind(
        {"label": column}, Preprocessor(vocab_size, max_length)
    )


def build(config, vocab_size: int, max_length: int, labels=("a", "b"), **fields):
    """A classifier and its backbone."""
    bound = objective(vocab_size, max_length, labels, **fields)
    backbone: keras.Model = config.build(bound.inputs)
    return bound.head(backbone), backbone
