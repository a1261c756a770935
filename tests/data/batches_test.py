"""The order of examples, resuming, filling up, and what goes through a graph."""

import time

import numpy as np
import pytest
import tensorflow as tf

from tfm import errors
from tfm import interfaces
from tfm.data import batches

NUM_EXAMPLES = 23
SPEC = {
    "tokens": interfaces.Spec((4,), "int32", 999),
    "label": interfaces.Spec((), "int32", 3),
    "hot": interfaces.Spec((3,), "float32"),
    "picture": interfaces.Spec((), "string"),
}


class Split:
    """Rows of other lengths; the row at place i holds 10 i + 1, 10 i + 2, ..."""

    def __init__(self, size=NUM_EXAMPLES, **more):
        self._size = size
        self._more = more

    def __len__(self):
        return self._size

    def take(self, indices):
        return {
            "tokens": [10 * i + np.arange(1, 1 + i % 7) for i in indices],
            "label": (indices % 3).astype(np.int32),
            "hot": np.eye(3)[indices % 3],
            "picture": [b"\0PNG" + bytes([i]) + b"\0" for i in indices],
            **{name: array[indices] for name, array in self._more.items()},
        }


def rows(*names, **more):
    names = names or ("tokens", "label", "hot", "picture")
    return batches.Rows(Split(**more), {name: SPEC[name] for name in names})


def training(examples=None, first_step=0, last_step=12, **settings):
    settings = {"batch_size": 5, "seed": 3, **settings}
    dataset = batches.training(
        rows() if examples is None else examples,
        first_step=first_step,
        last_step=last_step,
        **settings,
    )
    return list(dataset.as_numpy_iterator())


def evaluation(examples, num_workers=1, **settings):
    parts = [
        list(
            batches.evaluation(
                examples, worker=w, num_workers=num_workers, **settings
            ).as_numpy_iterator()
        )
        for w in range(num_workers)
    ]
    return [
        {name: np.concatenate([part[name] for part in step]) for name in step[0]}
        for step in zip(*parts, strict=True)
    ]


def order(found):
    return np.concatenate([batch["row"] for batch in found])


def assert_equal(a, b):
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name])


def test_a_batch_holds_the_arrays_and_weights_of_its_rows():
    for batch in training():
        assert batch["row"].dtype == np.int64
        assert batch["weight"].tolist() == [1] * 5
        assert batch["label"].tolist() == (batch["row"] % 3).tolist()
        assert batch["hot"].tolist() == np.eye(3)[batch["row"] % 3].tolist()
        for i, row in enumerate(batch["row"].tolist()):
            expected = (10 * row + np.arange(1, 1 + row % 7))[:4].tolist()
            assert batch["tokens"][i].tolist() == expected + [0] * (4 - len(expected))
            assert batch["picture"][i] == b"\0PNG" + bytes([row]) + b"\0"


def test_each_epoch_holds_every_example_once_over_straddling_batches():
    found = order(training(last_step=24))[: 5 * NUM_EXAMPLES]
    epochs = found.reshape(5, NUM_EXAMPLES)
    for epoch in epochs:
        assert sorted(epoch.tolist()) == list(range(NUM_EXAMPLES))
    assert len({tuple(epoch) for epoch in epochs}) == 5


@pytest.mark.parametrize("batch_size", [1, 7, 23, 60])
def test_the_order_does_not_depend_on_the_batch_size(batch_size):
    last_step = -(-115 // batch_size)
    found = order(training(batch_size=batch_size, last_step=last_step))
    assert found[:115].tolist() == order(training(last_step=23)).tolist()


def test_the_seed_decides_the_order():
    usual = order(training()).tolist()
    assert order(training()).tolist() == usual
    for seed in (4, 3 + 2**32, -3):
        assert order(training(seed=seed)).tolist() != usual


@pytest.mark.parametrize("first_step", [1, 4, 5, 11])
def test_any_step_may_be_the_first(first_step):
    whole = training()[first_step:]
    resumed = training(first_step=first_step)
    assert len(whole) == len(resumed)
    for a, b in zip(whole, resumed, strict=True):
        assert_equal(a, b)


def test_a_late_first_step_costs_nothing():
    start = time.monotonic()
    far = 10**11
    (batch,) = training(first_step=far, last_step=far + 1)
    assert time.monotonic() - start < 5
    assert set(batch["row"].tolist()) <= set(range(NUM_EXAMPLES))


def test_workers_share_each_batch():
    whole = training(batch_size=6)
    parts = [training(batch_size=6, worker=w, num_workers=3) for w in range(3)]
    for batch, *split in zip(whole, *parts, strict=True):
        together = {n: np.concatenate([part[n] for part in split]) for n in batch}
        assert_equal(together, batch)
    with pytest.raises(errors.UserError, match="Got batch_size=5, 3 workers"):
        training(num_workers=3)


def test_positions_count_on_over_epochs_and_workers():
    for worker in (0, 1):
        found = batches.training(
            rows(), batch_size=6, seed=0, first_step=7, worker=worker, num_workers=2
        ).take(5)
        positions = np.concatenate([b["position"] for b in found.as_numpy_iterator()])
        parts = [np.arange(3) + 6 * step + 3 * worker for step in range(7, 12)]
        np.testing.assert_array_equal(positions, np.concatenate(parts))
    found = batches.evaluation(rows(), batch_size=6)
    positions = np.concatenate([b["position"] for b in found.as_numpy_iterator()])
    np.testing.assert_array_equal(positions, np.arange(len(positions)))


def test_shapes_are_static():
    train = batches.training(rows(), batch_size=6, seed=0)
    evaluate = batches.evaluation(rows("tokens"), batch_size=6, worker=1, num_workers=2)

    def spec(dataset):
        return {
            name: (tuple(value.shape), value.dtype.name)
            for name, value in dataset.element_spec.items()
        }

    assert spec(train) == {
        "tokens": ((6, 4), "int32"),
        "label": ((6,), "int32"),
        "hot": ((6, 3), "float32"),
        "picture": ((6,), "string"),
        "weight": ((6,), "float32"),
        "row": ((6,), "int64"),
        "position": ((6,), "int64"),
    }
    assert spec(evaluate) == {
        "tokens": ((3, 4), "int32"),
        "weight": ((3,), "float32"),
        "row": ((3,), "int64"),
        "position": ((3,), "int64"),
    }


def test_training_needs_examples():
    with pytest.raises(errors.UserError, match="examples to train on. Got none"):
        batches.training(rows(size=0), batch_size=2, seed=0)


@pytest.mark.parametrize("num_workers", [1, 2, 3, 6])
def test_evaluation_holds_every_example_once_in_order(num_workers):
    found = evaluation(rows(), num_workers, batch_size=6)
    assert len(found) == 4
    weight = np.concatenate([batch["weight"] for batch in found])
    assert weight.tolist() == [1] * 23 + [0]
    assert order(found)[weight > 0].tolist() == list(range(NUM_EXAMPLES))
    label = np.concatenate([batch["label"] for batch in found])[:23]
    assert label.tolist() == [i % 3 for i in range(23)]


@pytest.mark.parametrize("num_workers", [1, 4])
def test_a_batch_is_filled_up_with_a_real_example(num_workers):
    *_, last = evaluation(rows(), num_workers, batch_size=8)
    assert last["weight"].tolist() == [1] * 7 + [0]
    assert last["row"][-1] == -1
    (whole,) = evaluation(rows(size=1), num_workers, batch_size=8)
    assert whole["row"].tolist() == [0] + [-1] * 7  # whole parts of a batch too
    for batch in (last, whole):
        for name in SPEC:
            real = batch[name][batch["weight"] > 0]
            for value in batch[name][batch["weight"] == 0]:
                assert np.array_equal(value, real[-1])


def test_evaluation_of_whole_batches_and_of_nothing():
    found = evaluation(rows(size=12), batch_size=6)
    assert [batch["weight"].min() for batch in found] == [1, 1]
    assert evaluation(rows(size=0), batch_size=6) == []


def test_stored_arrays_go_through_the_graph_with_seeds_in_training():
    def graph(stored, seeds):
        assert set(stored) == {"tokens", "picture"}
        if seeds is None:
            seeds = tf.zeros([5, 3], tf.int64)
        assert (seeds.shape, seeds.dtype) == ((5, 3), tf.int64)
        return {"tokens": stored["tokens"] + 1, "bytes": seeds}

    examples, stored = rows("tokens", "label", "picture"), {"tokens", "picture", "x"}
    found = training(examples, graph=graph, stored=stored, seed=-7)
    for step, batch in enumerate(found):
        assert batch.keys() == {"tokens", "bytes", "label", "weight", "row", "position"}
        positions = step * 5 + np.arange(5)
        expected = np.stack([np.full(5, -7), positions // 23, batch["row"]], 1)
        assert batch["bytes"].tolist() == expected.tolist()
    plain = training(examples, seed=-7)
    assert (found[0]["tokens"] == plain[0]["tokens"] + 1).all()
    evaluated = evaluation(examples, batch_size=5, graph=graph, stored=stored)
    assert not np.any([batch["bytes"] for batch in evaluated])
    assert (evaluated[0]["tokens"][1] == [12, 1, 1, 1]).all()


def test_a_split_may_say_what_seeds_its_rows():
    more = {"seed_row": np.arange(NUM_EXAMPLES) + 100}
    examples = rows("tokens", **more)
    found = training(
        examples, graph=lambda _, seeds: {"seeds": seeds}, stored={"tokens"}
    )
    for batch in found:
        assert "seed_row" not in batch
        assert (batch["seeds"][:, 2] == batch["row"] + 100).all()


@pytest.mark.parametrize(("size", "sizes"), [(1, [1]), (2, [8]), (8, [8]), (9, [8, 8])])
def test_eager_batches_have_two_shapes_in_all(size, sizes):
    examples, stored = rows(size=size), {"tokens"}

    def graph(stored, seeds):
        assert seeds is None
        return {"doubled": 2 * stored["tokens"]}

    found = list(batches.eager(examples, 8, graph, stored))
    assert [len(batch["row"]) for batch in found] == sizes
    assert all(isinstance(v, np.ndarray) for batch in found for v in batch.values())
    expected = evaluation(examples, batch_size=sizes[0])
    for batch, other in zip(found, expected, strict=True):
        other["doubled"] = 2 * other.pop("tokens")
        assert_equal(batch, other)
    assert list(batches.eager(rows(size=0), 8)) == []


def test_rows_are_filled_up_in_every_axis():
    spec = interfaces.Spec((3, 2), "float32")
    found = batches.filled([np.ones((1, 1)), np.ones((4, 2)), np.ones((0, 2))], spec)
    assert found.dtype == np.float32
    assert found.tolist() == [[[1, 0], [0, 0], [0, 0]], [[1, 1]] * 3, [[0, 0]] * 3]
    assert batches.filled(np.ones((1, 2, 1)), spec)[0].tolist() == [[1, 0]] * 2 + [
        [0, 0]
    ]
    words = batches.filled([[b"a"], []], interfaces.Spec((2,), "string"))
    assert words.tolist() == [[b"a", b""], [b"", b""]]


def test_examples_at_places_are_those_of_training():
    """In each epoch, as augmentation goes by seed, epoch and row."""

    def graph(stored, seeds):
        if seeds is None:
            return stored
        return {
            "label": stored["label"] + tf.cast(seeds[:, 0] * 7 + seeds[:, 1], "int32")
        }

    through = {"graph": graph, "stored": ("label",)}
    for batch in training(rows("label"), **through):
        epochs = batch["position"] // NUM_EXAMPLES
        for place, epoch, label in zip(
            batch["row"], epochs, batch["label"], strict=True
        ):
            found = batches.at(
                rows("label"), np.array([place]), epoch=int(epoch), seed=3, **through
            )
            assert found["label"] == [label] and label == place % 3 + 21 + epoch
    plain = batches.at(rows("label"), np.array([4, 1]), **through)
    assert plain["label"].tolist() == [1, 1] and plain["row"].tolist() == [4, 1]
