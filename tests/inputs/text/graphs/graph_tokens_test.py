"""Tokens in a graph are those of Python: hard texts, random ones, very long ones."""

import json

import numpy as np
import pytest
import tensorflow as tf

from tests.support import hard_texts
from tests.support import minilm
from tests.support import published_tokenizers
from tests.support import small_preset
from tfm import errors
from tfm import inputs
from tfm.data import batches

LONG = ["word " * 20_000 + "end", "é" * 100_000, "<br />it's " * 9_000]
TEXTS = [*hard_texts.HARD, *hard_texts.random_texts(400, seed=3), *LONG, ""]
LEARNT = [*hard_texts.HARD, *hard_texts.random_texts(300, seed=7)]
WAYS = [
    {"strip_html": True, "truncate": "middle", "max_length": 7},
    {"lowercase": False, "truncate": "start", "max_length": 8},
    {"max_length": 200, "special_tokens": ("[MASK]", "[EOS]")},
    {"truncate": "middle", "max_length": 1},
]


def in_graph(preprocessor):
    """The raw graph of texts, compiled once for any number of them."""
    raw = preprocessor.raw_graph()
    return tf.function(
        lambda texts_B: raw({"text": texts_B})["tokens"],
        autograph=False,
        input_signature=[tf.TensorSpec([None], tf.string)],
    )


def check_same(preprocessor, texts):
    found = in_graph(preprocessor)(tf.constant([t.encode() for t in texts])).numpy()
    rows = preprocessor.encode([{"text": text} for text in texts])["tokens"]
    expected = batches.filled(rows, preprocessor.stored["tokens"])
    wrong = np.flatnonzero((found != expected).any(axis=1))
    assert [ascii(texts[i])[:200] for i in wrong] == []
    assert found.shape == expected.shape


def _cases():
    for method in ("word", "wordpiece", "character", "byte"):
        for number, way in enumerate(WAYS):
            quick = number == 0 and method in ("word", "byte")
            marks = () if quick else pytest.mark.slow
            yield pytest.param(method, way, marks=marks, id=f"{method}-{number}")


@pytest.mark.parametrize(("method", "way"), [*_cases()])
def test_ids_are_those_of_encode(method, way):
    config = inputs.Text(method=method, vocab_size=1_000, **way)
    check_same(config.fit([{"text": text} for text in LEARNT]), TEXTS)


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["bert", "bert_cased"])
def test_ids_of_a_published_bert_are_its_own(shape, tmp_path):
    published_tokenizers.write(shape, tmp_path / shape)
    preset = str(tmp_path / shape)
    config = inputs.PretrainedText(preset=preset, max_length=9, truncate="middle")
    check_same(config.fit(), TEXTS)


@pytest.mark.slow
@pytest.mark.parametrize("way", [{"truncate": "start"}, {"enclose": False}])
def test_ids_of_minilm_are_its_own(way):
    config = inputs.PretrainedText(preset=minilm.folder(), max_length=64, **way)
    check_same(config.fit(), [*TEXTS, *hard_texts.random_texts(3_000)])


def test_scripts_without_spaces_lose_unknown_characters_alone():
    rows = [
        {"text": text} for text in ["ภาษาไทย อ่านง่าย", "かな交じり文", "plain words"] * 3
    ]
    config = inputs.Text(method="wordpiece", vocab_size=120, max_length=40)
    texts = ["ภาษาญี่ปุ่นอ่านยาก", "ภาษา" * 900, "カタカナかな", "x" * 101, "plainé", "ก็็็ ็"]
    check_same(config.fit(rows), texts)


def test_no_text_and_empty_texts():
    made = inputs.Text(max_length=4).fit([{"text": "a b"}])
    graph = in_graph(made)
    assert graph(tf.constant([], tf.string)).shape == (0, 4)
    np.testing.assert_array_equal(graph(tf.constant(["", " \n"])), np.zeros((2, 4)))


def test_bytes_that_are_no_text_are_replaced():
    made = inputs.Text(method="character", max_length=6).fit([{"text": "ab\ufffd"}])
    found = in_graph(made)(tf.constant([b"a\xff\xfeb"])).numpy()
    (expected,) = made.encode([{"text": "a\ufffd\ufffdb"}])["tokens"]
    np.testing.assert_array_equal(found[0], [*expected, 0, 0])


@pytest.mark.parametrize("method", ["bpe", "unigram"])
def test_other_methods_are_refused(method):
    made = inputs.Text(method=method, vocab_size=300).fit([{"text": "a text"}] * 9)
    with pytest.raises(errors.UserError, match=f"method={method} .* word, wordpiece"):
        made.raw_graph()


def test_other_published_tokenizers_are_refused(tmp_path):
    preset = small_preset.gpt2(tmp_path)
    made = inputs.PretrainedText(preset=preset, max_length=8).fit()
    with pytest.raises(errors.UserError, match="BERT's WordPiece can"):
        made.raw_graph()


def test_words_of_an_older_rule_are_refused(tmp_path):
    made = inputs.Text(max_length=4).fit([{"text": "a b"}])
    made.save(tmp_path)
    path = tmp_path / "tokenizer.json"
    body = json.loads(path.read_text())
    body["pre_tokenizer"]["pattern"]["Regex"] = r"\X"
    path.write_text(json.dumps(body))
    with pytest.raises(errors.UserError, match="another version of tfm"):
        inputs.Text(max_length=4).load(tmp_path).raw_graph()
