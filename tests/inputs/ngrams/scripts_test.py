"""Scripts without spaces between words."""

import pytest

from tfm.inputs.ngrams import scripts


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("\u8fd9\u90e8\u7535\u5f71", 1),
        ("\u0e2b\u0e19\u0e31\u0e07", 1),
        ("\u3053\u306e\u6620\u753b", 1),
        ("\uc774 \uc601\ud654\ub294", 0),  # Korean has spaces
        ("a film", 0),
        ("ab \u8fd9\u90e8", 0.5),
        ("12 !", 0),
    ],
)
def test_the_share_of_their_letters(text, share):
    assert scripts.unspaced_share([text]) == share
