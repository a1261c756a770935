"""The word rule, as the tokenizers library and RE2 read it."""

import pytest
import tensorflow as tf
import tokenizers
from tokenizers import pre_tokenizers

from tests.support import hard_texts
from tfm.inputs.text import word_rule
from tfm.inputs.text.graphs import words

SPLIT = pre_tokenizers.Split(
    tokenizers.Regex(word_rule.LIBRARY), "removed", invert=True
)


def _library(text: str) -> list[str]:
    return [word for word, _ in SPLIT.pre_tokenize_str(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "it's a well-made film!!",
            ["it's", "a", "well", "-", "made", "film", "!", "!"],
        ),
        ("'quoted' don't'", ["'", "quoted", "'", "don't", "'"]),
        ("这部 film好", ["这", "部", "film", "好"]),
        (
            "👩\u200d👩\u200d👧 👍🏽❤\ufe0f🏳\ufe0f\u200d🌈",
            ["👩\u200d👩\u200d👧", "👍🏽", "❤\ufe0f", "🏳\ufe0f\u200d🌈"],
        ),
        (
            "🇩🇪🇫🇷 1\ufe0f\u20e3 #\ufe0f\u20e3",
            ["🇩🇪", "🇫🇷", "1\ufe0f\u20e3", "#\ufe0f\u20e3"],
        ),
        ("می\u200cخواهم हिन्दी", ["می\u200cخواهم", "हिन्दी"]),
        ("3.14 $5 50%", ["3", ".", "14", "$", "5", "50", "%"]),
        ("", []),
    ],
)
def test_words(text, expected):
    assert _library(text) == expected


def test_re2_divides_as_the_library():
    texts = [*hard_texts.HARD, *hard_texts.random_texts(1_000, seed=5)]
    found = words.divided(tf.constant([text.encode() for text in texts])).to_list()
    for text, row in zip(texts, found, strict=True):
        assert [word.decode() for word in row] == _library(text), ascii(text)


def test_a_class_has_the_code_points_that_the_library_has_in_it():
    assert word_rule.members(r"\s")[:6] == [9, 10, 11, 12, 13, 32]
    rule, space = word_rule.for_re2()
    assert r"\p" not in rule and r"\s" not in rule and "&&" not in rule
    assert space.startswith(r"[\x{9}-\x{d}\x{20}\x{85}\x{a0}")
