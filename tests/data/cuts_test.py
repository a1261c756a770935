"""What a maximum length cuts off: counted exactly, kept with the data, told."""

import pytest

from tests.support import small_preset
from tfm import data
from tfm import inputs
from tfm.data import cuts
from tfm.data import memory
from tfm.data import store


def _write(path, sizes):
    """Texts of so many words each, no two alike; their file."""
    lines = [
        " ".join([f"w{i}", *["word"] * (size - 1)]) + f",{'ab'[i % 2]}"
        for i, size in enumerate(sizes)
    ]
    path.write_text("text,label\n" + "\n".join(lines) + "\n")
    return str(path)


def _prepared(tmp_path, sizes, config, name="data", **fields):
    train = _write(tmp_path / "train.csv", sizes)
    other = tmp_path / "other.csv"  # long texts, which do not count
    other.write_text("text,label\n" + f"x {'long ' * 50},a\ny {'long ' * 60},b\n")
    config_ = data.LabeledText(train=train, validation=str(other), **fields)
    dataset = config_.prepare(tmp_path / name)
    preprocessor = config.fit(dataset.training_rows())
    dataset.encode(preprocessor, tmp_path / name)
    return dataset, preprocessor


def test_texts_and_tokens_of_the_training_split_are_counted(tmp_path):
    sizes = [3, 4, 5, 8, 2, 4, 6, 10, 1, 7]  # 50 tokens, of which 1+4+2+6+3 too many
    text = inputs.Text(max_length=4)
    dataset, preprocessor = _prepared(tmp_path, sizes, text, test_fraction=0.0)
    line = "cut to 4 tokens: 50 % of the texts of train, 32 % of the tokens"
    assert dataset.summary()[-1] == line
    last = "32 % of the tokens of train were not read: texts are cut to 4"
    assert dataset.left_out() == [f"{last} (--inputs.max_length)"]
    assert len(preprocessor.encode([{"text": "a " * 9}])["tokens"][0]) == 4


def test_a_resumed_run_is_told_the_same_without_counting(tmp_path, monkeypatch):
    text = inputs.Text(max_length=4)
    first, preprocessor = _prepared(tmp_path, [3, 9] * 9, text)
    monkeypatch.setattr(store, "_write", None)
    again = data.LabeledText(
        train=str(tmp_path / "train.csv"), validation=str(tmp_path / "other.csv")
    ).prepare(tmp_path / "data")
    again.encode(preprocessor, tmp_path / "data")
    assert again.summary() == first.summary()
    assert again.left_out() == first.left_out() != []


def test_little_is_told_at_the_beginning_alone(tmp_path):
    dataset, _ = _prepared(
        tmp_path, [4] * 39 + [8], inputs.Text(max_length=7), test_fraction=0.0
    )
    line = "cut to 7 tokens: 2.5 % of the texts of train, 0.6 % of the tokens"
    assert dataset.summary()[-1] == line
    assert dataset.left_out() == []
    dataset, _ = _prepared(tmp_path, [4] * 9, inputs.Text(max_length=4), name="whole")
    assert dataset.summary()[-1] == "no text of train is longer than 4 tokens"


def test_what_encloses_a_text_counts(tmp_path):
    preset = small_preset.write(tmp_path / "preset")
    text = inputs.PretrainedText(preset=preset, max_length=4, truncate="middle")
    made = text.fit()
    rows = [{"text": "a man is eating food."}, {"text": "a man"}]
    found, whole = cuts.encoded(made, rows)
    assert whole["tokens"]["whole"].tolist() == [9, 4]
    assert [made.tokenizer.tokens(row) for row in found["tokens"]] == [
        ["[CLS]", "a", ".", "[SEP]"],
        ["[CLS]", "a", "man", "[SEP]"],
    ]


def test_rows_in_memory_are_counted_too(tmp_path):
    rows = [{"text": "word " * n} for n in (2, 4, 6)]
    dataset = memory.MemoryDataset({"train": rows, "validation": rows[:1]}, {})
    assert dataset.left_out() == []
    dataset.encode(inputs.Text(max_length=4).fit(rows), tmp_path)
    line = "cut to 4 tokens: 33 % of the texts of train, 17 % of the tokens"
    assert dataset.summary()[-1] == line and len(dataset.left_out()) == 1


def test_other_preprocessors_are_left_alone(tmp_path):
    dataset, _ = _prepared(tmp_path, [3, 9] * 9, inputs.Ngrams())
    assert not any("cut to" in line for line in dataset.summary())
    assert dataset.left_out() == []


def _published(tmp_path, kind):
    preset = small_preset.write(tmp_path / "bert")
    if kind == "vectors":
        return inputs.SentenceVectors(preset, max_length=5)
    parts = ("words", "vectors")
    return inputs.Stacked(parts=parts, preset=preset, max_length=5, folds=2)


@pytest.mark.parametrize("kind", ["vectors", "stacked"])
def test_what_a_published_model_does_not_read_is_told(tmp_path, kind):
    train = tmp_path / "train.csv"
    texts = [
        "a man",
        "food is a man",
        "a man is a man",
        "man is food",
        "is",
        "a a",
        "food",
    ]
    texts += [text + "." for text in texts]
    rows = [f"{text},{'xy'[i % 2]}" for i, text in enumerate(texts)]
    train.write_text("\n".join(["text,label", *rows]))
    other = tmp_path / "other.csv"
    other.write_text("text,label\nfood man,x\nman food,y\n")
    config = data.LabeledText(
        train=str(train), validation=str(other), test_fraction=0.0
    )
    dataset = config.prepare(tmp_path / "data")
    made = _published(tmp_path, kind).fit(dataset.training_rows())
    dataset.encode(made, tmp_path / "data")
    # words, the full stop, [CLS] and [SEP]
    sizes = [2 + len(t.rstrip(".").split()) + t.endswith(".") for t in texts]
    beyond = [max(0, size - 5) for size in sizes]
    texts_cut = 100 * sum(b > 0 for b in beyond) / len(sizes)
    tokens_cut = 100 * sum(beyond) / sum(sizes)
    told = dataset.summary()[-1]
    assert told == (
        f"cut to 5 tokens: {texts_cut:.0f} % of the texts of train, "
        f"{tokens_cut:.{0 if tokens_cut >= 9.95 else 1}f} % of the tokens"
    )


def test_n_grams_are_of_the_whole_text(tmp_path):
    dataset, _ = _prepared(tmp_path, [3, 40], inputs.Stacked(folds=2))
    assert not any("cut to" in line for line in dataset.summary())
