"""A store tells what its tokenizer did not know of the training documents."""

import pytest

from tests.data.corpora import prepared
from tfm import data
from tfm import inputs
from tfm.data.corpora import shards

# 10 visible characters and 4 words each, of which 2 words of 6 characters are unknown
LINES = [f"ab cd {chr(945 + i % 24) * 3} {chr(945 + i % 23) * 3}" for i in range(100)]


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_text("".join(f"{line}\n" for line in LINES), "utf-8")
    return data.Corpus(
        train=str(path), validation_fraction=0.1, shard_characters=300, workers=1
    )


def test_unknown_tokens_and_characters_are_told(corpus, tmp_path, monkeypatch):
    text = inputs.Text(method="wordpiece", special_tokens=("[EOS]",))
    made = text.fit([{"text": "ab cd"}])
    first = prepared.prepare(corpus, made, tmp_path / "store")
    assert len(first.manifest["splits"]["train"]["shards"]) > 1
    shown = "unknown ([UNK]): 50 % of the tokens of train, 60 % of the characters"
    assert first.dataset.summary()[-1] == shown
    (line,) = first.dataset.left_out()
    assert line.startswith("60 % of the characters of train are unknown")
    monkeypatch.setattr(shards, "_write", None)
    again = prepared.prepare(corpus, text, tmp_path / "store")
    assert again.dataset.summary() == first.dataset.summary()
    assert again.dataset.left_out() == [line]


def test_nothing_unknown_is_told_too(corpus, tmp_path):
    text = inputs.Text(method="byte", special_tokens=("[EOS]",))
    first = prepared.prepare(corpus, text, tmp_path / "store")
    assert first.dataset.summary()[-1] == "none of the tokens of train is unknown"
    assert first.dataset.left_out() == []
