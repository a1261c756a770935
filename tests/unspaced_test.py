"""Scripts that write no spaces between words, by their characters."""

import pytest

from tfm import unspaced


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("กี้ดี ok!", 5),
        ("ຂ້ອຍ", 4),
        ("ខ្ញុំ", 5),
        ("ဒီရုပ်ရှင်", 10),
        ("とてもコーヒーｶﾅ", 9),
        ("映画は", 1),  # Chinese characters are words
        ("한국어 русский नमस्ते שלום naïve", 0),
        ("", 0),
    ],
)
def test_characters_are_counted(text, number):
    assert unspaced.count(text) == number
    assert unspaced.within(text) == (number > 0)
