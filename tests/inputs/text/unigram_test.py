"""Unigram: what sentencepiece leaves out unless it is told otherwise."""

from tfm import inputs
from tfm.inputs.text import backends
from tfm.inputs.text import unigram


def learn(texts, **fields):
    return backends.learn(inputs.Text(method="unigram", **fields), iter(texts))


def test_words_look_alike_at_the_start_and_in_the_middle():
    tokenizer = learn(["good film", "film good"] * 20)
    (row,) = tokenizer.encode(["film film"])
    assert tokenizer.tokens(row) == ["▁film", "▁film"]


def test_unseen_characters_become_bytes():
    tokenizer = learn(["good film"] * 20)
    rows = tokenizer.encode(["好"])
    assert tokenizer.tokens(rows[0])[-3:] == ["<0xE5>", "<0xA5>", "<0xBD>"]
    assert tokenizer.decode(rows) == ["好"]


def test_the_sign_for_spaces_is_read_back_as_a_space():
    tokenizer = learn(["good film"])
    assert tokenizer.decode(tokenizer.encode(["a▁b"])) == ["a b"]


def test_long_texts_are_learnt_from_too():
    tokenizer = learn(["short ones " * 3, "gigantic " * 5000])
    assert "▁gigantic" in tokenizer.vocabulary


def test_lines_end_with_words_where_they_can():
    texts = ["word " * 500 + "\n" + "字" * 2500 + "\n\n\tnext "]
    lines = list(unigram._lines(texts))
    assert [len(line) for line in lines] == [999, 999, 499, 1000, 1000, 500, 4]
    assert all(line.startswith("word") for line in lines[:3])
    assert "".join("".join(lines).split()) == "".join("".join(texts).split())


def test_a_sample_is_spread_over_the_whole_stream(monkeypatch):
    monkeypatch.setattr(unigram, "SAMPLE", 100)
    lines = [str(number) for number in range(10_000)]
    sample = unigram._sample(lines)
    assert len(set(sample)) == 100
    assert sample == unigram._sample(lines)
    assert 4000 < sum(map(int, sample)) / 100 < 6000
    assert unigram._sample(lines[:100]) == lines[:100]


def test_more_characters_than_ids():
    texts = [
        "".join(map(chr, range(start, start + 50))) for start in range(0x4E00, 0x5600)
    ]
    tokenizer = learn(texts + ["最最最"] * 100, vocab_size=400)
    assert 390 <= tokenizer.vocab_size <= 400
    assert "最" in tokenizer.vocabulary
    assert tokenizer.decode(tokenizer.encode(texts[:3])) == texts[:3]


def test_texts_of_marks_only():
    tokenizer = learn(["a ▁ ▅ ⁇"])
    assert tokenizer.decode(tokenizer.encode(["▅ ⁇"])) == ["▅ ⁇"]


def test_the_smallest_vocabulary_and_odd_white_space():
    texts = ["\t\t\ta\u2028b \x85c"]
    tokenizer = learn(texts, vocab_size=260)
    assert tokenizer.vocab_size <= 260
    assert tokenizer.decode(tokenizer.encode(texts)) == texts
