"""Facts of texts: percentiles of known lengths, what is cut, padding."""

import numpy as np

from tests.support import reviews
from tfm import inputs
from tfm import interfaces
from tfm.data import memory
from tfm.data.columns import category
from tfm.preflight import texts


def test_percentiles_of_known_lengths():
    found = texts.percentiles(np.arange(1, 101))
    assert found == {5: 5, 50: 50, 90: 90, 95: 95, 99: 99, 100: 100}
    assert set(texts.percentiles(np.array([7])).values()) == {7}


def test_lengths_are_those_before_the_cut():
    rows = [{"text": " ".join(["word"] * n)} for n in range(1, 21)]
    rows[0] = {"text": "unseen"}
    fitted = inputs.Text(max_length=10, min_count=2, vocab_size=9).fit(iter(rows))
    split = memory.Memory(rows, {}, fitted)
    (found,) = texts.lengths(fitted, split)
    assert (found.unit, found.rows) == ("tokens", 20)
    assert (found.percentiles[50], found.percentiles[100]) == (10, 20)
    # of 210 tokens 55 stand beyond the tenth, in 10 of 20 texts; one is unknown
    assert found.lines == [
        "cut to 10 tokens: 50 % of the texts of train, 26 % of the tokens",
        "unknown ([UNK]): 0.5 % of the tokens of train, 0.7 % of the characters",
    ]


def test_padding_is_of_ids_alone():
    batch = {"tokens": np.array([[1, 2, 0, 0], [1, 0, 0, 0]]), "size": np.zeros((2, 4))}
    specs = {
        "tokens": interfaces.Spec((4,), "int32", 9),
        "size": interfaces.Spec((4,), "float32"),
    }
    assert texts.padding(batch, specs) == {"tokens": 5 / 8}


def test_copies_are_told_with_their_places(tmp_path):
    whole = "the film was a story of two friends and a long summer by the sea"
    rows = {
        "train": [interfaces.Read({"text": whole, "label": "a"}, {}, "train.csv:7")],
        "validation": [interfaces.Read({"text": "x", "label": "a"}, {}, "v.csv:1")],
        "test": [
            interfaces.Read({"text": whole, "label": "a"}, {}, "test.csv:3"),
            interfaces.Read({"text": f"{whole} too", "label": "a"}, {}, "test.csv:4"),
        ],
    }
    fitted = inputs.Text(max_length=10).fit([{"text": whole}])
    dataset = memory.MemoryDataset(rows, {"label": category.Category(("a",))})
    found = texts.copies(None, dataset.encode(fitted, tmp_path), inputs.Text().columns)
    assert found.lines == [
        "leak: 2 texts of test nearly in train, 1 of them the same, as test.csv:3 and "
        "train.csv:7 (similarity 1.00)"
    ]
    assert found.compared == {"train": 1, "validation": 1, "test": 2}


def test_a_labelled_source_is_compared_before_it_is_encoded(tmp_path):
    config = reviews.experiment(reviews.write_csv(tmp_path / "a.csv", 60)).data
    dataset = config.prepare(tmp_path / "data")
    assert isinstance(dataset, texts.ReadsRows)
    assert dataset.sizes == {"train": 48, "validation": 6, "test": 6}
    (read,) = dataset.reads("test", np.array([2]))
    number = dataset.records.splits["test"][2]
    assert read.origin == dataset.records.origins([number])[0]
    line = int(read.origin.rpartition(":")[2])
    lines = (tmp_path / "a.csv").read_text().splitlines()
    assert lines[line - 1].startswith(read.row["text"])
