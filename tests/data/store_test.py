"""Stored arrays on disk: ragged rows, single values, bytes; written once."""

import numpy as np
import pytest

from tfm import data
from tfm import interfaces
from tfm.data import store


class Lengths:
    """The lengths of the words; of a text of one word nothing."""

    stored = {"tokens": interfaces.Spec((9,), "int32", 99)}

    def __init__(self):
        self.count = 0

    def encode(self, rows):
        self.count += len(rows)
        found = [[len(word) for word in row["text"].split()] for row in rows]
        return {
            "tokens": [np.array(row if len(row) > 1 else [], np.int32) for row in found]
        }


class Several:
    """Arrays of every kind."""

    stored = {
        "pixels": interfaces.Spec((9, 2), "float32"),
        "size": interfaces.Spec((), "int64"),
        "body": interfaces.Spec((), "string"),
    }

    def encode(self, rows):
        sizes = np.array([len(row["text"]) % 5 for row in rows])
        return {
            "pixels": [np.full((n, 2), n / 2) for n in sizes],
            "size": sizes,
            "body": [b"\0" * n + b"\xff\0" for n in sizes],
        }


@pytest.fixture
def records(tmp_path):
    lines = [f"{'word ' * (n % 7)}{n},{n % 2}\n" for n in range(60)]
    (tmp_path / "a.csv").write_text("text,label\n" + "".join(lines))
    config = data.LabeledText(train=str(tmp_path / "a.csv"), max_examples=50)
    return config.prepare(tmp_path / "data").records


def test_rows_are_those_of_the_texts(records, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "_BATCH_ROWS", 7)
    written = store.write(records, Lengths(), tmp_path / "tokens")["tokens"]
    used = np.sort(np.concatenate(list(records.splits.values())))
    order = np.random.default_rng(0).permutation(used)
    texts = [{"text": text} for text in records.contents(order)]
    expected = Lengths().encode(texts)["tokens"]
    found = written.take(order)
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))
    assert {row.dtype for row in found} == {np.dtype("int32")}
    unused = np.setdiff1d(np.arange(60), used)
    assert len(unused) == 10
    # what no split needs is not encoded
    assert not any(len(row) for row in written.take(unused))
    assert written.take([]) == []


def test_arrays_of_every_kind_come_back(records, tmp_path):
    used = np.sort(np.concatenate(list(records.splits.values())))[::-1]
    written = store.write(records, Several(), tmp_path / "tokens")
    expected = Several().encode([{"text": text} for text in records.contents(used)])
    assert written["body"].take(used) == expected["body"]
    sizes = written["size"].take(used)
    assert (sizes.dtype, sizes.tolist()) == (np.int64, expected["size"].tolist())
    for a, b in zip(written["pixels"].take(used), expected["pixels"], strict=True):
        assert (a.dtype, a.tolist()) == (np.float32, b.tolist())


def test_a_store_is_written_once_for_the_same_arrays_and_records(records, tmp_path):
    lengths = Lengths()
    folder = tmp_path / "tokens"
    first = store.write(records, lengths, folder)["tokens"]
    again = store.write(records, lengths, folder)["tokens"]
    assert lengths.count == 50
    used = records.splits["train"]
    for a, b in zip(first.take(used), again.take(used), strict=True):
        assert a.tolist() == b.tolist()
    lengths.stored = {"tokens": interfaces.Spec((8,), "int32", 99)}
    store.write(records, lengths, folder)
    assert lengths.count == 100
    records.fingerprint = "other"
    store.write(records, lengths, folder)
    assert lengths.count == 150


def test_an_interrupted_writing_leaves_nothing(records, tmp_path):
    class Fails(Lengths):
        def encode(self, rows):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        store.write(records, Fails(), tmp_path / "tokens")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "data"]


def test_texts_may_all_be_empty(records, tmp_path):
    class Nothing(Lengths):
        def encode(self, rows):
            return {"tokens": [[]] * len(rows)}

    written = store.write(records, Nothing(), tmp_path / "tokens")["tokens"]
    assert [row.tolist() for row in written.take([0, 1])] == [[], []]
