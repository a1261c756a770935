"""The set of hashes that drops duplicates."""

import numpy as np

from tfm.data.corpora import seen


def test_it_tells_what_a_set_tells():
    draw = np.random.default_rng(0)
    ours, theirs = seen.Seen(), set()
    for _ in range(60):
        batch = draw.integers(0, 3000, draw.integers(0, 90)).astype(np.uint64)
        was_there = [hash in theirs for hash in batch.tolist()]
        assert ours.holds(batch).tolist() == was_there
        expected = []
        for hash in batch.tolist():
            expected.append(hash not in theirs)
            theirs.add(hash)
        assert ours.add(batch).tolist() == expected
    assert sum(map(len, ours._runs)) == len(theirs)
    assert len(ours._runs) < 10
    again = seen.Seen(np.array(sorted(theirs, reverse=True), np.uint64))
    assert not again.add(np.array([*theirs], np.uint64)).any()
