"""Per-example results: what is written is read, of the same rows and weights alone."""

import keras
import numpy as np
import pytest

from tfm.run import kept_results

RESULTS = {
    "row": np.array([2, 0, 1, 1]),
    "logits": np.array([[0.1, -2], [3, 4], [5, 6], [7, np.nan]], np.float32),
    "label": np.array([0, 1, 0, 1], np.int32),
    "boxes": np.arange(24.0).reshape(4, 3, 2),
    "answer": np.array([b"a", b"", "\u00e9".encode(), b"d"], object),
    "right": np.array([True, False, True, True]),
}


class Split:
    """Rows of a text and a picture."""

    def __init__(self, *texts):
        self._texts = texts

    def __len__(self):
        return len(self._texts)

    def rows(self, indices):
        return [{"text": self._texts[i], "image": b"png"} for i in indices]


SPLIT = Split("a", "b", "c")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "evaluation" / "test.parquet"
    kept_results.write(path, RESULTS, SPLIT, "made by")
    return path


def test_what_is_read_is_what_was_written(path):
    found = kept_results.read(path, SPLIT, "made by", 4)
    assert found.keys() == RESULTS.keys()
    for name, values in RESULTS.items():
        assert found[name].dtype == values.dtype
        np.testing.assert_array_equal(found[name], values, err_msg=name)


@pytest.mark.parametrize(
    ("split", "made_by", "size", "why"),
    [
        (Split("a", "b", "d"), "made by", 4, "is of other data"),
        (Split("a", "c", "b"), "made by", 4, "is of other data"),
        (Split("a", "b"), "made by", 4, "is of other data"),
        (SPLIT, "made by", 5, "is of other data"),
        (SPLIT, "made by", 0, "is of other data"),
        (SPLIT, "another", 4, "is of other weights or settings"),
    ],
)
def test_results_of_others_are_not_taken(path, split, made_by, size, why):
    with pytest.raises(kept_results.NotCurrentError, match=f"test.parquet {why}"):
        kept_results.read(path, split, made_by, size)


def test_no_damage_goes_unseen(path):
    """Any byte that is changed is told, or changes nothing of what is read."""
    whole = path.read_bytes()
    told = 0
    for place in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[place] ^= 0x15
        path.write_bytes(damaged)
        try:
            found = kept_results.read(path, SPLIT, "made by", 4)
        except kept_results.NotCurrentError:
            told += 1
            continue
        for name, values in RESULTS.items():
            np.testing.assert_array_equal(found[name], values)
    assert told > len(whole) / 7 / 4
    for cut in (b"", whole[:100], whole[:-1]):
        path.write_bytes(cut)
        with pytest.raises(kept_results.NotCurrentError, match="is damaged"):
            kept_results.read(path, SPLIT, "made by", 4)
    path.unlink()
    with pytest.raises(kept_results.NotCurrentError, match="is not there"):
        kept_results.read(path, SPLIT, "made by", 4)


def test_the_identity_is_of_all_weights_and_of_what_they_are_used_with():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    config = {"task": {"threshold": 0.5}, "train": {"steps": 1}}
    first = kept_results.identity(model, config)
    assert kept_results.identity(model, config | {"train": {"steps": 2}}) == first
    assert kept_results.identity(model, {"task": {"threshold": 0.6}}) != first
    for weight in model.weights:
        before = weight.numpy()
        changed = before.copy()
        changed.flat[-1] += 1e-3
        weight.assign(changed)
        assert kept_results.identity(model, config) != first
        weight.assign(before)
    assert kept_results.identity(model, config) == first
