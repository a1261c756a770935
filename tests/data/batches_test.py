"""The order of examples, resuming, padding, and what augmentation may do to it."""

import time

import numpy as np
import pytest

from tfm import data
from tfm import errors
from tfm.data import batches
from tfm.data import labeled_examples
from tfm.data import store

NUM_EXAMPLES = 23
INDICES = np.arange(100, 100 + NUM_EXAMPLES)  # some split of a larger store


@pytest.fixture(scope="module")
def tokens():
    """Rows of other lengths; the row of index i holds 10 i, 10 i + 1, ..."""
    return store.Store.of([10 * i + np.arange(i % 7) for i in range(130)])


def labels(indices):
    return (np.asarray(indices) % 3).astype(np.int32)


def hot_labels(indices):
    return np.eye(4, dtype=np.float32)[np.asarray(indices) % 3]


def training(tokens, first_step=0, last_step=12, **settings):
    settings = {"batch_size": 5, "max_length": 4, "seed": 3, **settings}
    examples = split(tokens, max_length=settings.pop("max_length"))
    dataset = batches.training(
        examples, first_step=first_step, last_step=last_step, **settings
    )
    return list(dataset.as_numpy_iterator())


def split(tokens, labels=labels, indices=INDICES, max_length=4, augment=None):
    return labeled_examples.LabeledExamples(
        tokens, labels, indices, max_length, augment
    )


def order(found):
    return np.concatenate([batch["index"] for batch in found])


def test_a_batch_holds_the_rows_labels_and_weights_of_its_indices(tokens):
    for batch in training(tokens):
        indices = INDICES[batch["index"]]
        assert batch["label"].tolist() == labels(indices).tolist()
        assert batch["weight"].tolist() == [1] * 5
        for row, index in zip(batch["tokens"], indices, strict=True):
            expected = (10 * index + np.arange(index % 7))[:4].tolist()
            assert row.tolist() == expected + [0] * (4 - len(expected))


def test_each_epoch_holds_every_example_once_over_straddling_batches(tokens):
    found = order(training(tokens, last_step=24))[: 5 * NUM_EXAMPLES]
    epochs = found.reshape(5, NUM_EXAMPLES)
    for epoch in epochs:
        assert sorted(epoch.tolist()) == list(range(NUM_EXAMPLES))
    assert len({tuple(epoch) for epoch in epochs}) == 5


@pytest.mark.parametrize("batch_size", [1, 7, 23, 60])
def test_the_order_does_not_depend_on_the_batch_size(tokens, batch_size):
    last_step = -(-115 // batch_size)
    found = order(training(tokens, batch_size=batch_size, last_step=last_step))
    usual = order(training(tokens, last_step=23))
    assert found[:115].tolist() == usual.tolist()


def test_the_seed_decides_the_order(tokens):
    usual = order(training(tokens)).tolist()
    assert order(training(tokens)).tolist() == usual
    for seed in (4, 3 + 2**32, -3):
        assert order(training(tokens, seed=seed)).tolist() != usual


@pytest.mark.parametrize("first_step", [1, 4, 5, 11])
def test_any_step_may_be_the_first(tokens, first_step):
    whole = training(tokens)[first_step:]
    resumed = training(tokens, first_step=first_step)
    assert len(whole) == len(resumed)
    for a, b in zip(whole, resumed, strict=True):
        assert a.keys() == b.keys()
        for name in a:
            np.testing.assert_array_equal(a[name], b[name])


def test_a_late_first_step_costs_nothing(tokens):
    start = time.monotonic()
    far = 10**11
    (batch,) = training(tokens, first_step=far, last_step=far + 1)
    assert time.monotonic() - start < 5
    assert set(batch["index"].tolist()) <= set(range(NUM_EXAMPLES))


def test_workers_share_each_batch(tokens):
    whole = training(tokens, batch_size=6)
    parts = [training(tokens, batch_size=6, worker=w, num_workers=3) for w in range(3)]
    for batch, *split in zip(whole, *parts, strict=True):
        for name in batch:
            together = np.concatenate([part[name] for part in split])
            np.testing.assert_array_equal(together, batch[name])
    with pytest.raises(errors.UserError, match="Got batch_size=5, 3 workers"):
        training(tokens, num_workers=3)


def test_shapes_are_static(tokens):
    train = batches.training(split(tokens), batch_size=6, seed=0)
    hot = batches.training(split(tokens, hot_labels), batch_size=6, seed=0)
    evaluate = batches.evaluation(split(tokens), batch_size=6, worker=1, num_workers=2)
    unlabeled = batches.evaluation(split(tokens, None), batch_size=6)

    def spec(dataset):
        return {
            name: (tuple(value.shape), value.dtype.name)
            for name, value in dataset.element_spec.items()
        }

    assert spec(train) == {
        "tokens": ((6, 4), "int32"),
        "label": ((6,), "int32"),
        "weight": ((6,), "float32"),
        "index": ((6,), "int64"),
    }
    assert spec(hot)["label"] == ((6, 4), "float32")
    assert spec(evaluate)["tokens"] == ((3, 4), "int32")
    assert "label" not in spec(unlabeled)


def test_training_needs_examples(tokens):
    with pytest.raises(errors.UserError, match="examples to train on. Got none"):
        batches.training(split(tokens, indices=INDICES[:0]), batch_size=2, seed=0)


def evaluation(tokens, indices, num_workers=1):
    examples = split(tokens, hot_labels, indices)
    parts = [
        list(
            batches.evaluation(
                examples, batch_size=6, worker=worker, num_workers=num_workers
            ).as_numpy_iterator()
        )
        for worker in range(num_workers)
    ]
    return [
        {name: np.concatenate([part[name] for part in step]) for name in step[0]}
        for step in zip(*parts, strict=True)
    ]


@pytest.mark.parametrize("num_workers", [1, 2, 3])
def test_evaluation_holds_every_example_once_in_order(tokens, num_workers):
    found = evaluation(tokens, INDICES, num_workers)
    assert len(found) == 4
    weight = np.concatenate([batch["weight"] for batch in found])
    assert weight.tolist() == [1] * 23 + [0]
    assert order(found)[weight > 0].tolist() == list(range(NUM_EXAMPLES))
    filled = {name: value[-1].tolist() for name, value in found[-1].items()}
    assert filled == {
        "tokens": [0] * 4,
        "label": [0] * 4,
        "weight": 0,
        "index": -1,
    }
    label = np.concatenate([batch["label"] for batch in found])[:23]
    assert label.tolist() == hot_labels(INDICES).tolist()


def test_evaluation_of_whole_batches_and_of_nothing(tokens):
    assert [b["weight"].min() for b in evaluation(tokens, INDICES[:12])] == [1, 1]
    assert evaluation(tokens, INDICES[:0]) == []


def test_augmented_rows_are_the_same_after_resuming_and_differ_by_epoch():
    rows = store.Store.of([[1, *range(10, 30), 2]] * 5)
    augment = data.Augment(swap=0.1, delete=0.1, replace=0.1).build(1000, 5)
    examples = split(rows, None, np.arange(5), 24, augment)

    def run(first_step):
        dataset = batches.training(
            examples, first_step=first_step, last_step=6, batch_size=5, seed=0
        )
        return list(dataset.as_numpy_iterator())

    whole, resumed = run(0), run(4)
    for a, b in zip(whole[4:], resumed, strict=True):
        np.testing.assert_array_equal(a["tokens"], b["tokens"])
    by_example = {
        tuple(row)
        for batch in whole
        for row, index in zip(batch["tokens"].tolist(), batch["index"], strict=True)
        if index == 0
    }
    assert len(by_example) == 6  # another in each epoch


def test_rows_may_come_from_any_object():
    class Numbers:
        def padded(self, indices, max_length):
            return np.repeat(indices[:, None], max_length, 1).astype(np.int32)

    (batch,) = batches.evaluation(
        split(Numbers(), None, np.array([4, 2]), 3), batch_size=2
    ).as_numpy_iterator()
    assert batch["tokens"].tolist() == [[4] * 3, [2] * 3]
