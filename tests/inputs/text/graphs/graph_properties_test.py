"""Property tests: what a graph makes of a text is what Python makes of it."""

import functools
import unicodedata

import pytest
import tensorflow as tf

from tests.inputs.text.graphs import graph_tokens_test
from tests.support import hard_texts
from tfm import inputs
from tfm.inputs.text.graphs import code_points
from tfm.inputs.text.graphs import composition
from tfm.inputs.text.graphs import lowercase

hypothesis = pytest.importorskip("hypothesis")
from hypothesis import strategies as st  # noqa: E402

pytestmark = pytest.mark.slow  # needs .ci/requirements.txt

MARKS = [chr(c) for c in range(0x2FA20) if unicodedata.combining(chr(c))]
PARTS = sorted(
    {
        part
        for code in range(0x2FA20)
        if not 0xD800 <= code < 0xE000
        and unicodedata.normalize("NFD", chr(code)) != chr(code)
        for part in unicodedata.normalize("NFD", chr(code))
    }
)
ANY = st.text(st.characters(exclude_categories=["Cs"]))
MARKED = st.text(st.sampled_from(MARKS) | st.sampled_from(PARTS))
GREEK = st.text(st.sampled_from("aΣσςİA .'·\u0301\xad1ʰ:"))
HARD = st.lists(st.sampled_from(hard_texts.HARD), max_size=4).map("".join)
SYMBOLS = st.text(
    st.sampled_from("#*1a🇩🇪👍🏽👩\u200d❤\ufe0f\u20e3'’é\u0301漢 \U000e0067")
)
TEXTS = st.lists(ANY | MARKED | GREEK | HARD | SYMBOLS, max_size=8)
quick = hypothesis.settings(max_examples=300, deadline=None)


@functools.cache
def _changed(change):
    return tf.function(
        lambda texts_B: code_points.encoded(change(code_points.decoded(texts_B))),
        autograph=False,
        input_signature=[tf.TensorSpec([None], tf.string)],
    )


@functools.cache
def _method(method):
    config = inputs.Text(method=method, vocab_size=2_000, max_length=50)
    made = config.fit([{"text": text} for text in graph_tokens_test.LEARNT])
    return made, graph_tokens_test.in_graph(made)


def _texts(found_B) -> list[str]:
    return [text.decode() for text in found_B.numpy()]


@quick
@hypothesis.given(texts=TEXTS)
def test_composition_is_that_of_unicodedata(texts):
    found = _changed(composition.nfc)(tf.constant(texts, tf.string))
    assert _texts(found) == [unicodedata.normalize("NFC", text) for text in texts]


@quick
@hypothesis.given(texts=TEXTS)
def test_lower_case_is_that_of_str(texts):
    found = _changed(lowercase.lower)(tf.constant(texts, tf.string))
    assert _texts(found) == [text.lower() for text in texts]


@quick
@hypothesis.given(texts=TEXTS)
def test_space_is_stripped_as_by_str(texts):
    found = code_points.stripped(tf.constant(texts, tf.string))
    assert _texts(found) == [text.strip() for text in texts]


@pytest.mark.parametrize("method", ["word", "wordpiece", "character", "byte"])
@quick
@hypothesis.given(texts=TEXTS)
def test_ids_are_those_of_encode(method, texts):
    made, graph = _method(method)
    found = graph(tf.constant(texts, tf.string)).numpy()
    rows = made.encode([{"text": text} for text in texts])["tokens"]
    for ids, row in zip(found, rows, strict=True):
        assert ids[: len(row)].tolist() == row.tolist()
        assert not ids[len(row) :].any()


def test_every_code_point():
    text = "".join(chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000)
    apart = unicodedata.normalize("NFD", text)
    found = _changed(composition.nfc)(tf.constant([text, apart]))
    assert _texts(found) == [unicodedata.normalize("NFC", t) for t in (text, apart)]
    found = _changed(lowercase.lower)(tf.constant([text]))
    assert _texts(found) == [text.lower()]
