import collections

import numpy as np
import pytest

from tfm import errors
from tfm import inputs

ROW = np.array([2, *range(10, 110), 3], np.int32)  # words between special ids


def test_nothing_to_change_needs_no_function():
    assert inputs.Augment().build(1000, 5) is None


def test_a_row_is_a_function_of_seed_epoch_and_index():
    augment = inputs.Augment(swap=0.1, delete=0.1, replace=0.1).build(1000, 5)
    usual = augment(ROW, 0, 0, 0)
    assert np.array_equal(augment(ROW, 0, 0, 0), usual)
    assert usual.dtype == np.int32
    for other in [(1, 0, 0), (0, 1, 0), (0, 0, 1), (-1, 0, 0)]:
        assert not np.array_equal(augment(ROW, *other), usual)
    assert ROW.tolist() == [2, *range(10, 110), 3]  # not changed in place


def test_swapped_words_are_the_same_words():
    augment = inputs.Augment(swap=0.1).build(1000, 5)
    moved = []
    for index in range(50):
        row = augment(ROW, 0, 0, index)
        assert (row[0], row[-1]) == (2, 3)
        assert sorted(row.tolist()) == sorted(ROW.tolist())
        moved.append((row != ROW).sum())
    assert 15 < np.mean(moved) < 21  # ten swaps of two words, few of them with itself


def test_words_are_deleted_at_the_rate():
    augment = inputs.Augment(delete=0.2).build(1000, 5)
    lengths = []
    for index in range(50):
        row = augment(ROW, 0, 0, index)
        assert (row[0], row[-1]) == (2, 3)
        assert (np.diff(row[1:-1]) > 0).all()  # in their order
        lengths.append(len(row) - 2)
    assert 77 < np.mean(lengths) < 83


def test_words_are_replaced_at_the_rate_by_any_word():
    augment = inputs.Augment(replace=0.3).build(20, 5)
    row = np.full(100, 7, np.int32)
    found = collections.Counter()
    for index in range(50):
        found.update(augment(row, 0, 0, index).tolist())
    assert set(found) == set(range(5, 20))
    assert 0.25 < 1 - found[7] / 5000 < 0.31  # a fifteenth of 0.3 becomes 7 again


@pytest.mark.parametrize("row", [[7], [7, 8], [2, 7, 3]])
def test_a_row_never_becomes_empty(row):
    augment = inputs.Augment(delete=0.99).build(1000, 5)
    for index in range(50):
        found = augment(np.array(row, np.int32), 0, 0, index)
        assert (found >= 5).sum() >= 1
        assert [i for i in found if i < 5] == [i for i in row if i < 5]


@pytest.mark.parametrize("row", [[], [2, 3]])
def test_rows_without_words_stay(row):
    augment = inputs.Augment(swap=0.5, delete=0.5, replace=0.5).build(1000, 5)
    assert augment(np.array(row, np.int32), 0, 0, 0).tolist() == row


def test_settings_are_checked():
    with pytest.raises(errors.UserError, match=r"in \[0, 1\). Got delete=1.0"):
        inputs.Augment(delete=1.0)
    with pytest.raises(errors.UserError, match="Got first_word_id=5, vocab_size=5"):
        inputs.Augment(replace=0.1).build(5, 5)
