"""The text of a row, checked."""

import pytest

from tfm.data import row_texts


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("a", ("a", "")),
        (" é ", (" é ", "")),
        (None, ("", "")),
        (float("nan"), ("", "")),
        (3, ("", "text is not a string: 3")),
        ("é".encode(), ("é", "")),
        (b"caf\xe9", ("", "text is not valid utf-8")),
        ("caf\udce9", ("", "text is not valid utf-8")),  # a byte that was not valid
        ("\ud83d hi", ("", "text has half a character: '\\ud83d'")),  # as JSON may say
    ],
)
def test_a_value_as_text(value, found):
    assert row_texts.string_of(value, "utf-8") == found


def test_half_a_character_is_not_blamed_on_the_encoding():
    _, problem = row_texts.string_of("\ud83d", "utf-8")
    error = row_texts.error("a.jsonl", 3, problem, "utf-8")
    assert str(error) == (
        "a.jsonl:3: text has half a character: '\\ud83d'. Fix the row, or skip such "
        "rows with --data.bad_rows=skip."
    )
