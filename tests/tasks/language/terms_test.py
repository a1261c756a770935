"""Weighted terms summed over batches, examples and splits, by hand."""

import numpy as np
import pytest

from tfm.tasks.language import terms

OF_TOKENS = (np.float32([[1, 2, 4], [8, 16, 32]]), np.float32([[1, 0, 1], [0, 0, 1]]))
OF_EXAMPLES = (np.float32([3, 5]), np.float32([1, 0]))
TERMS = {"loss": OF_TOKENS, "next_sentence_loss": OF_EXAMPLES}
SUMS = {"loss": (37, 3), "next_sentence_loss": (3, 1)}


def test_sums_over_a_batch():
    found = terms.batch_sums(TERMS)
    assert {n: tuple(map(float, pair)) for n, pair in found.items()} == SUMS


def test_sums_over_each_example_add_up_to_those_of_the_split():
    found = {n: np.asarray(v) for n, v in terms.example_sums(TERMS).items()}
    assert {name: values.tolist() for name, values in found.items()} == {
        "loss_sum": [5, 32],
        "loss_weight": [2, 1],
        "next_sentence_loss_sum": [3, 0],
        "next_sentence_loss_weight": [1, 0],
    }
    assert terms.split_sums(found | {"row": np.arange(2)}) == SUMS


def test_a_large_split_loses_no_digits():
    found = {name: np.ones(2**20, np.float32) for name in ("loss_sum", "loss_weight")}
    found["loss_sum"][0] = 1e9
    assert terms.split_sums(found)["loss"] == pytest.approx(
        (1e9 + 2**20 - 1, 2**20), rel=1e-12
    )
