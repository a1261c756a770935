"""Ids of published models and ours."""

import pytest

from tfm.inputs.text import published_ids


@pytest.mark.parametrize(
    ("fields", "theirs"),
    [
        ((4, 0), [0, 1, 2, 3]),
        ((4, 2), [2, 1, 0, 3]),
        ((4, 3, True), [3, 1, 2, 3, 0]),
    ],
)
def test_ids_there_and_back(fields, theirs):
    ids = published_ids.PublishedIds(*fields)
    assert ids.theirs.tolist() == theirs
    assert ids.theirs[ids.ours].tolist() == [0, 1, 2, 3]
    assert 0 not in ids.ours[[i for i in range(4) if i != ids.padding]]


def test_special_ids_decide_on_padding():
    special = published_ids.SpecialIds(1, 2, mask=4, padding=3, others=(5,))
    assert special.all == {1, 2, 3, 4, 5}
    assert special.renumbering(6) == published_ids.PublishedIds(6, 3)
    special = published_ids.SpecialIds(end=2)
    assert special.all == {2}
    assert special.renumbering(6) == published_ids.PublishedIds(6, 2, shared=True)
