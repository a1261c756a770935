"""The hash of a text, which has a quicker way for plain ones."""

import hashlib

import pytest

from tfm.data import splits


@pytest.mark.parametrize(
    "text",
    ["", " ", "a", " a b ", "a  b", "a\tb", "a\nb\n", "a\x1cb", "é  ü", "a\u2003b"],
)
def test_white_space_does_not_make_a_difference(text):
    normalised = " ".join(text.split()).encode()
    expected = hashlib.blake2b(normalised, digest_size=16).digest()
    assert splits.digest(text) == expected
