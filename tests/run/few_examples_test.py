"""A few examples of many: the first, the last, and some evenly between."""

import numpy as np
import pytest

from tfm.run import few_examples


class Examples:
    """Each is its own place."""

    spec = {}

    def __init__(self, size):
        self._size = size

    def __len__(self):
        return self._size

    def batch(self, places, epochs, seed):
        return {"row": places, "epoch": epochs, "seed": seed}


@pytest.mark.parametrize(
    ("size", "most", "rows"),
    [(100, 4, [0, 33, 66, 99]), (3, 5, [0, 1, 2]), (7, 1, [0]), (5, 5, [*range(5)])],
)
def test_they_are_spread_over_all(size, most, rows):
    spread = few_examples.Spread(Examples(size), most)
    places = np.arange(len(spread))
    found = spread.batch(places, 2 + 0 * places, 3)
    assert found["row"].tolist() == rows
    assert (found["epoch"] == 2).all() and found["seed"] == 3
    assert spread.batch(places[::-1], places, 3)["row"].tolist() == rows[::-1]
