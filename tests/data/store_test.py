import numpy as np
import pytest

from tfm import data
from tfm.data import store


@pytest.fixture
def records(tmp_path):
    lines = [f"{'word ' * (n % 7)}{n},{n % 2}\n" for n in range(60)]
    (tmp_path / "a.csv").write_text("text,label\n" + "".join(lines))
    config = data.LabeledText(train=str(tmp_path / "a.csv"), max_examples=50)
    return config.read(tmp_path / "data")


def encode(texts):
    """The lengths of the words; of a text of one word nothing."""
    rows = [[len(word) for word in text.split()] for text in texts]
    return [np.array(row if len(row) > 1 else [], np.int32) for row in rows]


def test_rows_are_those_of_the_texts(records, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "_BATCH_TEXTS", 7)
    written = store.write(records, encode, tmp_path / "tokens")
    assert len(written) == len(records) == 60
    used = np.sort(np.concatenate(list(records.splits.values())))
    order = np.random.default_rng(0).permutation(used)
    expected = encode(records.texts(order))
    found = written.rows(order)
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))
    assert written.lengths[order].tolist() == list(map(len, expected))
    assert {row.dtype for row in found} == {np.dtype("int32")}
    unused = np.setdiff1d(np.arange(60), used)
    assert len(unused) == 10
    assert not written.lengths[unused].any()  # what no split needs is not encoded


def test_padded_rows():
    rows = store.Store.of([[1, 2, 3], [], [4]])
    assert rows.padded([2, 0, 1], 2).tolist() == [[4, 0], [1, 2], [0, 0]]
    assert rows.padded([], 2).shape == (0, 2)
    assert rows.padded([0], 2).dtype == np.int32
    assert rows.lengths.tolist() == [3, 0, 1]
    assert len(store.Store.of([])) == 0


def test_a_store_is_written_once_per_key_and_records(records, tmp_path):
    calls = []

    def counted(texts):
        calls.append(len(texts))
        return encode(texts)

    folder = tmp_path / "tokens"
    first = store.write(records, counted, folder, key="a")
    again = store.write(records, counted, folder, key="a")
    assert sum(calls) == 50
    used = records.splits["train"]
    assert np.array_equal(first.padded(used, 9), again.padded(used, 9))
    store.write(records, counted, folder, key="b")
    assert sum(calls) == 100
    records.fingerprint = "other"
    store.write(records, counted, folder, key="b")
    assert sum(calls) == 150


def test_an_interrupted_writing_leaves_nothing(records, tmp_path):
    def fail(texts):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.write(records, fail, tmp_path / "tokens")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "data"]


def test_texts_may_all_be_empty(records, tmp_path):
    def nothing(texts):
        return [[]] * len(texts)

    written = store.write(records, nothing, tmp_path / "tokens")
    assert written.padded([0, 1], 2).tolist() == [[0, 0], [0, 0]]
