"""Shares that a vocabulary does not know: kept with the data, told."""

import numpy as np

from tests.support import small_preset
from tfm import data
from tfm import inputs
from tfm.data import memory
from tfm.data import store
from tfm.data import unknown

THAI = ["กาดีมาดีทาสีกาดี", "มาดีกาดีทาสี", "ทาสีมาดีกาดี", "กาดีทาสีมา"]
UNKNOWN = "unknown ([UNK]):"
ADVICE = (
    "(--inputs.method=bpe or unigram knows every character; a published vocabulary, "
    "those of its languages)"
)


def _told(preprocessor, texts, tmp_path):
    rows = [{"text": text} for text in texts]
    dataset = memory.MemoryDataset({"train": rows}, {})
    dataset.encode(preprocessor, tmp_path)
    return dataset.summary()[-2], dataset.left_out()


def _fit(texts, **fields):
    return inputs.Text(max_length=9999, **fields).fit([{"text": t} for t in texts])


def _counts(preprocessor, *texts):
    _, counts = preprocessor.encode_measured([{"text": text} for text in texts])
    return counts["tokens"]


def test_shares_are_told_at_the_beginning_and_where_much_is_lost_at_the_end(tmp_path):
    made = _fit(["ab cd"], method="wordpiece")
    texts = ["ab cd ab cd"] * 9 + ["ab xyzxyz"]  # 1 of 38 tokens, 6 of 80 characters
    line, last = _told(made, texts, tmp_path)
    assert line == f"{UNKNOWN} 2.6 % of the tokens of train, 7.5 % of the characters"
    assert last == [
        "7.5 % of the characters of train are unknown to the vocabulary: [UNK], "
        f"2.6 % of the tokens {ADVICE}"
    ]
    line, last = _told(made, ["ab cd ab cd"] * 9 + ["ab z"], tmp_path)
    assert line == f"{UNKNOWN} 2.6 % of the tokens of train, 1.3 % of the characters"
    assert last == []
    assert _told(made, ["ab"], tmp_path)[0] == "none of the tokens of train is unknown"


def test_words_that_are_left_out_for_being_rare_are_usual(tmp_path):
    texts = ["the film was good and long"] * 9 + ["the photography was wonderful"]
    made = _fit(texts, min_count=2)
    line, last = _told(made, texts, tmp_path)
    assert line == f"{UNKNOWN} 3.4 % of the tokens of train, 9.3 % of the characters"
    assert last == []
    line, last = _told(made, texts[-1:] * 9, tmp_path)
    assert len(last) == 1 and last[0].startswith("77 % of the characters")


def test_words_of_a_script_without_spaces_are_warned_of(tmp_path):
    texts = [*THAI, "a film"]
    line, last = _told(_fit(texts), texts, tmp_path)
    assert line == "none of the tokens of train is unknown"
    assert last == [
        "91 % of the characters of train are of scripts without spaces, where "
        "--inputs.method=word takes phrases for words: wordpiece, bpe and unigram "
        "divide them"
    ]
    for method in ("wordpiece", "bpe", "unigram", "character"):
        made = _fit(texts, method=method, vocab_size=500)
        assert _told(made, texts, tmp_path) == (line, [])
    # Chinese characters are words; a few others are no reason to warn
    for text in ("这部电影很好看", "a film of the director " * 5 + "กาดี"):
        assert _told(_fit([text]), [text], tmp_path)[1] == []


def test_a_published_vocabulary_tells_what_it_lacks(tmp_path):
    preset = small_preset.write(tmp_path / "preset")
    made = inputs.PretrainedText(preset=preset).fit()
    found = _counts(made, "a man is eating food.", "a man ฟ้ากาดี")
    assert found["unknown"].tolist() == [0, 1]
    assert found["lost"].tolist() == [0, 6]  # BERT drops the mark at the end
    assert found["characters"].tolist() == [17, 11]
    line, last = _told(made, ["a man ฟ้ากาดี"], tmp_path)
    assert line.startswith("unknown ([UNK]): 20 % of the tokens of train, 55 % of the")
    assert len(last) == 1 and last[0].endswith(ADVICE)


def test_a_resumed_run_is_told_the_same_without_counting(tmp_path, monkeypatch):
    lines = [f"{text} w{i} zq,{'ab'[i % 2]}" for i, text in enumerate(["a b"] * 30)]
    (tmp_path / "train.csv").write_text("text,label\n" + "\n".join(lines) + "\n")
    made = _fit(["a b"])

    def encoded():
        dataset = data.LabeledText(train=str(tmp_path / "train.csv"))
        dataset = dataset.prepare(tmp_path / "data")
        dataset.encode(made, tmp_path / "data")
        return dataset.summary(), dataset.left_out()

    first = encoded()
    shown = "unknown ([UNK]): 50 % of the tokens of train, "
    assert sum(line.startswith(shown) for line in first[0]) == 1
    assert len(first[1]) == 1
    monkeypatch.setattr(store, "_write", None)
    assert encoded() == first


def test_of_no_texts_nothing_is_lost():
    told = unknown.Unknown("tokens", _counts(_fit(["a"]))[:0], 0.05)
    assert (told.tokens, told.characters, told.left_out()) == (0.0, 0.0, [])
    assert isinstance(told.counts, np.ndarray)
