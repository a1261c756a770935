"""Partners: a function of seed, epoch and row; their arrays and targets."""

import numpy as np

from tfm import interfaces
from tfm.data import batches
from tfm.data import partners

N = 50


class Split:
    """Rows of their own number, three times that as a label."""

    def __len__(self):
        return N

    def take(self, indices):
        return {
            "image": [b"%d" % i for i in indices],
            "label": 3 * indices.astype(np.int32),
            "seed_row": 1000 + indices,
        }


SPEC = {"image": interfaces.Spec((), "string"), "label": interfaces.Spec((), "int32")}


def _examples():
    return partners.Partnered(batches.Rows(Split(), SPEC), ["image"])


def _pairs(places, epoch=0, seed=0):
    places = np.asarray(places)
    found = _examples().batch(places, np.full_like(places, epoch), seed)
    own, other = found["image"][:, 0], found["image"][:, 1]
    np.testing.assert_array_equal(own.astype(int), places)
    np.testing.assert_array_equal(found["label"], 3 * places)
    np.testing.assert_array_equal(found["partner_label"], 3 * other.astype(int))
    np.testing.assert_array_equal(found["row"], places)
    return dict(zip(places.tolist(), other.astype(int).tolist(), strict=True))


def test_a_partner_is_a_function_of_seed_epoch_and_row():
    whole = _pairs(np.arange(N))
    assert whole == _pairs(np.random.default_rng(0).permutation(N))
    assert whole == {k: v for n in range(N) for k, v in _pairs([n]).items()}
    for other in (_pairs(np.arange(N), epoch=1), _pairs(np.arange(N), seed=1)):
        assert sum(whole[n] == other[n] for n in range(N)) < 8
    assert len(set(whole.values())) > 20  # drawn from all of the split


def test_the_spec_is_that_of_the_arrays():
    examples = _examples()
    assert len(examples) == N
    assert examples.spec["image"] == interfaces.Spec((2,), "string")
    assert examples.spec.keys() == {"image", "label", "partner_label"}
    found = examples.batch(np.arange(4), np.zeros(4, np.int64), 0)
    for name, spec in examples.spec.items():
        assert found[name].shape == (4, *spec.shape)


def test_only_a_preprocessor_that_mixes_needs_them():
    class Mixing:
        mixes = True

    assert partners.needed(Mixing())
    assert not partners.needed(object())
