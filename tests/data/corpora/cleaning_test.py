"""What becomes of a text, and what is counted."""

import collections

import pytest

from tfm.data.corpora import cleaning


def clean(text, unicode="nfc", least=1):
    counts = collections.Counter()
    cleaned = cleaning.Cleaner(unicode, least, counts)(text)
    return cleaned, {name: n for name, n in counts.items() if n}


@pytest.mark.parametrize(
    ("text", "cleaned", "counts"),
    [
        ("A line.\n\tNext.  ", "A line.\n\tNext.  ", {}),
        ("cafe\u0301 x²", "café x²", {"unicode": 1}),
        ("two\r\nlines\rthree", "two\nlines\nthree", {"control": 1}),
        ("a\0b\x07c\fd\x7f", "abc d", {"control": 1}),
        ("é\x85ü\x9f", "é ü", {"control": 1}),
        (" \n\t ", "", {"empty": 1}),
        ("\0\0", "", {"empty": 1, "control": 1}),
        ("", "", {"empty": 1}),
    ],
)
def test_a_text_is_cleaned_and_counted(text, cleaned, counts):
    assert clean(text) == (cleaned, counts)


def test_unicode_forms():
    assert clean("x² ﬁ", "nfkc")[0] == "x2 fi"
    assert clean("cafe\u0301", "none") == ("cafe\u0301", {})


def test_short_texts_are_dropped():
    assert clean("four", least=5) == ("", {"short": 1})
    assert clean("fives", least=5) == ("fives", {})


def test_long_texts_are_cut_before_single_spaces():
    text = "one two three four five six"
    assert cleaning.cut(text, None) == [text]
    parts = cleaning.cut(text, 10)
    assert parts == ["one two", " three", " four five", " six"]
    assert cleaning.cut("abcdefghij kl", 4) == ["abcdefghij", " kl"]
