"""Windows of a stream of documents, and of single documents, as examples."""

import numpy as np
import pytest

from tfm import errors
from tfm import interfaces
from tfm.data import batches
from tfm.data import windows


class Stream:
    """Documents in memory, with as much of a stream as windows need."""

    def __init__(self, *documents):
        self._line = np.concatenate([np.zeros(0, np.int32), *documents])
        self.ends = np.cumsum([len(d) for d in documents])

    def read(self, start, stop):
        return self._line[start:stop].astype(np.int32)

    def segments(self, start, stop):
        numbers = np.searchsorted(self.ends, np.arange(start, stop), "right")
        return (numbers - numbers[0] + 1).astype(np.int32)


class Maker:
    """Gives the window itself, and a random number."""

    def __init__(self, window, stride=None, crosses=True):
        self.window, self.stride, self.crosses = window, stride or window, crosses
        self.spec = {
            "tokens": interfaces.Spec((window,), "int32"),
            "segments": interfaces.Spec((window,), "int32"),
            "drawn": interfaces.Spec((), "float64"),
            "other": interfaces.Spec((), "int32"),
        }

    def example(self, tokens, segments, rng, other):
        missing = (0, self.window - len(tokens))
        return {
            "tokens": np.pad(tokens, missing),
            "segments": np.pad(segments, missing),
            "drawn": rng.random(),
            "other": other(rng)[0],
        }


DOCUMENTS = [np.arange(1, 8), np.arange(11, 14), np.arange(21, 33)]  # 22 tokens
LINE = np.concatenate(DOCUMENTS)


def every(maker, training=False, epoch=0, seed=0):
    made = windows.Windows(Stream(*DOCUMENTS), maker, training)
    places = np.arange(len(made))
    return made.batch(places, np.full(len(made), epoch), seed)


def test_evaluation_covers_the_stream_once():
    found = every(Maker(5))["tokens"]
    assert found.shape == (5, 5)
    assert found.ravel()[:22].tolist() == LINE.tolist()
    assert found.ravel()[22:].tolist() == [0] * 3


def test_windows_that_overlap_predict_each_token_once():
    found = every(Maker(6, stride=5))["tokens"]
    assert len(found) == 5  # 22 tokens, of which all but the first are targets
    targets = found[:, 1:].ravel()
    assert targets[targets > 0].tolist() == LINE[1:].tolist()
    assert (found[1:, 0] == found[:-1, -1]).all()


def test_segments_number_the_documents_of_a_window():
    found = every(Maker(11))
    assert found["segments"].tolist() == [[1] * 7 + [2] * 3 + [3], [1] * 11]


def test_windows_of_a_training_epoch_begin_elsewhere_and_are_whole():
    starts = set()
    for epoch in range(40):
        found = every(Maker(5), training=True, epoch=epoch)["tokens"]
        assert len(found) == 3
        first = LINE.tolist().index(found[0, 0])
        assert found.ravel().tolist() == LINE[first : first + 15].tolist()
        starts.add(first)
    assert starts == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("training", [False, True])
def test_windows_that_do_not_cross_hold_one_document(training):
    found = every(Maker(5, crosses=False), training)["tokens"]
    assert [row[row > 0].tolist() for row in found] == [
        [1, 2, 3, 4, 5],
        [6, 7],
        [11, 12, 13],
        [21, 22, 23, 24, 25],
        [26, 27, 28, 29, 30],
        [31, 32],
    ]


def test_rows_are_the_documents_in_which_windows_begin():
    found = every(Maker(5, crosses=False), training=True, epoch=3)["row"]
    assert found.tolist() == [0, 0, 1, 2, 2, 2]
    for epoch in range(9):
        found = every(Maker(5), training=True, epoch=epoch, seed=7)
        assert found["row"].tolist() == (found["tokens"][:, 0] // 10).tolist()


def test_what_is_random_depends_on_seed_epoch_and_place_alone():
    usual = every(Maker(5), training=True, epoch=3)
    assert len(set(usual["drawn"])) == len(usual["drawn"])
    again = every(Maker(5), training=True, epoch=3)
    for name in usual:
        np.testing.assert_array_equal(usual[name], again[name])
    for other in ({"epoch": 4}, {"epoch": 3, "seed": 1}):
        found = every(Maker(5), training=True, **other)
        assert (found["drawn"] != usual["drawn"]).all()


def test_other_windows_come_from_every_document():
    drawn = [
        every(Maker(2), training=True, epoch=epoch)["other"] for epoch in range(30)
    ]
    assert {int(t) // 10 for t in np.concatenate(drawn)} == {0, 1, 2, 3}


def test_a_corpus_smaller_than_a_window_is_refused():
    with pytest.raises(
        errors.UserError, match="Got 22 tokens, windows of 40. Give more"
    ):
        windows.Windows(Stream(*DOCUMENTS), Maker(40), training=True)
    assert every(Maker(40))["tokens"][0, :22].tolist() == LINE.tolist()
    none = windows.Windows(Stream(), Maker(4, crosses=False), training=False)
    assert len(none) == 0


def test_they_are_batched_with_weights_and_static_shapes():
    made = windows.Windows(Stream(*DOCUMENTS), Maker(5), training=False)
    found = list(batches.evaluation(made, batch_size=3).as_numpy_iterator())
    assert [batch["tokens"].shape for batch in found] == [(3, 5), (3, 5)]
    assert found[1]["weight"].tolist() == [1, 1, 0]
    assert found[1]["row"].tolist() == [2, 2, -1]
    assert found[1]["tokens"][2].tolist() == found[1]["tokens"][1].tolist()
    train = windows.Windows(Stream(*DOCUMENTS), Maker(5), training=True)
    whole = batches.training(train, batch_size=2, seed=5, last_step=6)
    resumed = batches.training(train, batch_size=2, seed=5, first_step=4, last_step=6)
    for a, b in zip(
        list(whole.as_numpy_iterator())[4:], resumed.as_numpy_iterator(), strict=True
    ):
        for name in a:
            np.testing.assert_array_equal(a[name], b[name])
