"""Property tests: each method gives back the text that it encodes."""

import functools

import pytest

from tests.support import hard_texts
from tfm import inputs
from tfm.inputs.text import backends
from tfm.inputs.text import normalization

hypothesis = pytest.importorskip("hypothesis")
from hypothesis import strategies as st  # noqa: E402

pytestmark = pytest.mark.slow  # needs .ci/requirements.txt

# sentencepiece means a space by this character
_SPACE_MARK = "\u2581"
LEARNT = [text.replace(_SPACE_MARK, "") for text in hard_texts.HARD]
UNSPACED = "กขคงจำาิีื้่๊ัເແກຂຄງຈຊ\u0eb1\u0eb4កខគឃ\u17d2\u17b6\u17b7"
UNSPACED += "ကခဂဃ\u102d\u103aあいうがアイウー漢字"
# runs of scripts without spaces and of letters, short and long
PHRASE = st.text(st.sampled_from(UNSPACED), max_size=200)
LETTER = st.sampled_from("aZé9語กが#-")
REPEATED = st.builds(lambda letter, n: letter * n, LETTER, st.integers(0, 300))
PART = PHRASE | REPEATED | st.sampled_from(LEARNT) | st.sampled_from(hard_texts.SPACES)
TEXT = st.lists(PART, max_size=6).map("".join)
ANY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=_SPACE_MARK))
quick = hypothesis.settings(max_examples=200, deadline=None)


@functools.cache
def _tokenizer(method):
    config = inputs.Text(method=method, vocab_size=4000, lowercase=False)
    every = [*LEARNT, *UNSPACED, UNSPACED, *hard_texts.SPACES]
    return backends.learn(config, [text for text in every if text])


def _round_trip(method, text):
    tokenizer = _tokenizer(method)
    (row,) = tokenizer.encode([text], truncate=False)
    (found,) = tokenizer.decode([row])
    return row, found, normalization.normalize(text, tokenizer.config)


@pytest.mark.parametrize("method", ["bpe", "unigram", "byte"])
@quick
@hypothesis.given(text=TEXT | ANY)
def test_every_text_comes_back_whole(method, text):
    row, found, expected = _round_trip(method, text)
    assert found == expected
    assert 1 not in row


@quick
@hypothesis.given(text=TEXT | ANY)
def test_known_characters_come_back(text):
    row, found, expected = _round_trip("character", text)
    known = set(_tokenizer("character").vocabulary)
    assert found == "".join(c if c in known else "[UNK]" for c in expected)


@quick
@hypothesis.given(text=TEXT)
def test_word_pieces_come_back_but_for_white_space(text):
    row, found, expected = _round_trip("wordpiece", text)
    if 1 not in row:
        assert _joined(found) == _joined(expected)
    else:  # what is known stands in the text in the same order
        _assert_in_order(found, expected)


@quick
@hypothesis.given(text=PHRASE)
def test_no_phrase_of_known_characters_is_lost(text):
    row, found, expected = _round_trip("wordpiece", text)
    assert 1 not in row
    assert _joined(found) == _joined(expected)


@quick
@hypothesis.given(text=TEXT | ANY)
def test_known_words_come_back_but_for_white_space(text):
    row, found, expected = _round_trip("word", text)
    if 1 not in row:
        assert _joined(found) == _joined(expected)
    else:
        _assert_in_order(found, expected)


def _joined(text):
    return "".join(text.split())


def _assert_in_order(found, expected):
    expected, place = _joined(expected), 0
    for part in found.replace("[UNK]", "\n").split("\n"):
        place = expected.index(_joined(part), place) + len(_joined(part))
