"""The tokens that begin and end documents: where a document does, and nowhere else."""

import dataclasses

import numpy as np
import pytest

from tests.data.corpora import prepared
from tests.support import published_tokenizers
from tests.support import small_preset
from tfm import data
from tfm import inputs

WORDS = "one two three four five six seven eight nine ten".split()  # noqa: SIM905
LINES = [" ".join(WORDS[i % 10 :] + WORDS[: i % 7] + [str(i)]) for i in range(60)]
LONG = "\n".join(LINES)
METHODS = ("word", "wordpiece", "bpe", "unigram", "character", "byte")


def _corpus(tmp_path, text: str, **fields) -> data.Corpus:
    (tmp_path / "a.txt").write_text(text, "utf-8")
    fields = {"workers": 1, "shard_characters": 700} | fields
    return data.Corpus(train=str(tmp_path / "a.txt"), **fields)


def _text(method="byte") -> inputs.Text:
    return inputs.Text(method=method, vocab_size=300, special_tokens=("[EOS]",))


def _line(split) -> list[int]:
    return split.read(0, split.num_tokens).tolist()


@pytest.mark.parametrize("method", METHODS)
def test_pieces_of_a_document_are_one_document(tmp_path, method):
    whole = _corpus(tmp_path, LONG, document="file", validation_fraction=0.0)
    short = dataclasses.replace(whole, max_characters=100)
    made = _text(method).fit([{"text": LONG}])
    expected, found = (
        prepared.prepare(corpus, made, tmp_path / name).splits["train"]
        for corpus, name in ((whole, "whole"), (short, "short"))
    )
    assert _line(found) == _line(expected)
    assert found.ends.tolist() == expected.ends.tolist() == [found.num_tokens]
    assert np.flatnonzero(found.document(0) == 2).tolist() == [found.num_tokens - 1]
    assert found.num_bytes == len(LONG) and found.origin(0).endswith("a.txt:1")


def test_pieces_of_several_documents_end_where_they_do(tmp_path):
    lines = [LINES[0], " ".join(LINES[1:9]), LINES[9], " ".join(LINES[10:30])]
    corpus = _corpus(tmp_path, "\n".join(lines), max_characters=60)
    corpus = dataclasses.replace(corpus, validation_fraction=0.0)
    store = prepared.prepare(corpus, _text(), tmp_path / "store")
    split = store.splits["train"]
    assert store.tokenizer.decode(split.take(np.arange(4))["tokens"]) == lines
    ids = np.array(_line(split))
    assert np.flatnonzero(ids == 2).tolist() == (split.ends - 1).tolist()
    lengths = [len(line) + 1 for line in lines]
    segments = split.segments(0, split.num_tokens).tolist()
    assert segments == np.repeat([1, 2, 3, 4], lengths).tolist()
    lines = [int(origin.rpartition(":")[2]) for origin in split.origins(np.arange(4))]
    assert lines == [1, 2, 3, 4]


@pytest.mark.parametrize("max_characters", [None, 50])
def test_the_part_before_a_tail_has_no_end(tmp_path, max_characters):
    corpus = _corpus(tmp_path, LONG, document="file", validation_fraction=0.1)
    corpus = dataclasses.replace(corpus, cut="tail", max_characters=max_characters)
    store = prepared.prepare(corpus, _text(), tmp_path / "store")
    train, validation = (_line(store.splits[name]) for name in ("train", "validation"))
    assert 2 not in train and validation.index(2) == len(validation) - 1
    assert "".join(store.tokenizer.decode([train, validation])) == LONG


def test_a_published_model_s_tokens_enclose_documents_and_not_their_parts(tmp_path):
    preset = small_preset.write(tmp_path / "bert", max_sequence_length=16)
    words = " ".join(["the man is eating food in an house"] * 20)
    corpus = _corpus(tmp_path, words, document="file", validation_fraction=0.2)
    for name, limit in (("whole", None), ("short", 30)):
        corpus = dataclasses.replace(corpus, cut="tail", max_characters=limit)
        text = inputs.PretrainedText(preset=preset)
        store = prepared.prepare(corpus, text, tmp_path / name)
        begin, end = (store.tokenizer.id_of(name) for name in ("[CLS]", "[SEP]"))
        train, validation = (_line(store.splits[n]) for n in ("train", "validation"))
        assert (train.index(begin), train.count(begin), train.count(end)) == (0, 1, 0)
        assert begin not in validation and validation.count(end) == 1
        assert validation[-1] == end


def test_one_end_parts_documents_of_gpt2(tmp_path):
    published_tokenizers.write("gpt2", tmp_path / "gpt2")
    corpus = _corpus(tmp_path, "\n".join(LINES), max_characters=20)
    corpus = dataclasses.replace(corpus, validation_fraction=0.0)
    text = inputs.PretrainedText(preset=str(tmp_path / "gpt2"))
    store = prepared.prepare(corpus, text, tmp_path / "store")
    split, end = store.splits["train"], store.tokenizer.eos_id
    ends = np.flatnonzero(np.array(_line(split)) == end)
    assert ends.tolist() == (split.ends - 1).tolist() and len(ends) == len(LINES)
    assert store.manifest["begin_id"] == store.manifest["end_id"] == end
