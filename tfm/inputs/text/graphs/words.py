"""Words by word_rule in a graph.

B texts, N words of all of them.
"""

import json

import numpy as np
import tensorflow as tf

from tfm import errors
from tfm.inputs.text import word_rule

UNKNOWN = 1  # id


class Words(tf.Module):
    """Words by word_rule, each an id."""

    def __init__(self, tokenizer):
        super().__init__()
        check_rule(tokenizer)
        first = tokenizer.first_word_id
        words = tokenizer.vocabulary[first:]
        ids = np.arange(first, first + len(words), dtype=np.int32)
        self.ids = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(words, ids), UNKNOWN
        )

    def __call__(self, texts_B) -> tf.RaggedTensor:
        words = divided(texts_B)
        return words.with_flat_values(self.ids.lookup(words.flat_values))


def divided(texts_B) -> tf.RaggedTensor:
    """The words of normalized texts, string [B, None], by word_rule."""
    rule, space = word_rule.for_re2()
    texts_B = tf.strings.regex_replace(texts_B, f"{space}+", " ")
    # between two words there is white space alone, and within none
    return tf.strings.split(tf.strings.regex_replace(texts_B, rule, r"\0 "))


def check_rule(tokenizer) -> None:
    """Raises UserError where a tokenizer divides texts by another rule."""
    saved = json.loads(tokenizer.definition)["pre_tokenizer"]["pattern"]["Regex"]
    if saved != word_rule.LIBRARY:
        raise errors.UserError(
            "The run's words are of a rule that an exported graph does not have: it "
            "was trained with another version of tfm. Train it again."
        )
