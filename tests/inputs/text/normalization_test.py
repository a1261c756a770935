"""Case, Unicode form, tags, and texts that no encoding can write."""

import sys

import pytest

from tfm import errors
from tfm import inputs
from tfm.inputs.text import backends
from tfm.inputs.text import normalization


def normalize(text, **fields):
    return normalization.normalize(text, inputs.Text(method="bpe", **fields))


@pytest.mark.parametrize(
    ("text", "stripped"),
    [
        ("Good.<br /><br />Bad.", "Good.  Bad."),
        ("<p class='x'>one</p>", " one "),
        ("<H1>one</H1>two<br>", " one two "),
        ("a < b and c > d", "a < b and c > d"),
        ("I <3 it, <me@example.org>", "I <3 it, <me@example.org>"),
        ("<a <a <b>", "<a <a  "),
        ("<a href=x", "<a href=x"),
    ],
)
def test_tags_become_spaces_and_other_brackets_stay(text, stripped):
    assert normalize(text, strip_html=True, lowercase=False) == stripped
    assert normalize(text, lowercase=False) == text


def test_lowercase_is_unicode_aware_and_optional():
    assert normalize("ÉCOLE Straße ΟΔΟΣ") == "école straße οδος"
    assert normalize("ÉCOLE", lowercase=False) == "ÉCOLE"


def test_letters_are_composed_but_keep_their_looks():
    assert normalize("e\u0301") == "\u00e9"
    assert normalize("x² ﬁ ，") == "x² ﬁ ，"


def test_lone_surrogates_are_replaced_and_pairs_are_joined():
    assert normalize("a\udc80b") == "a\ufffdb"
    assert normalize("\ud83d\ude00") == "😀"


def test_curly_apostrophes_are_straight_where_words_matter():
    assert normalization.normalize("Don’t", inputs.Text()) == "don't"
    assert normalize("Don’t") == "don’t"


@pytest.mark.parametrize("lowercase", [True, False])
def test_normalizing_twice_changes_nothing_more(lowercase):
    config = inputs.Text(lowercase=lowercase)
    for start in range(0, sys.maxunicode, 4096):
        text = "a".join(map(chr, range(start, start + 4096)))
        once = normalization.normalize(text, config)
        assert normalization.normalize(once, config) == once


@pytest.mark.parametrize("texts", [[], [""], ["", " \n"]])
@pytest.mark.parametrize("method", ["word", "wordpiece", "bpe", "unigram", "character"])
def test_learning_needs_a_text(method, texts):
    with pytest.raises(errors.UserError) as error:
        backends.learn(inputs.Text(method=method), iter(texts))
    assert str(error.value) == (
        "Learning a vocabulary needs a text. Got none, or only empty ones."
    )


def test_one_str_is_no_list_of_texts():
    with pytest.raises(errors.UserError, match="Texts must be a list or an iterator"):
        backends.learn(inputs.Text(), "one text")
