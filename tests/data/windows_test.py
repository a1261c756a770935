"""Windows of a stream of documents, and of single documents, as examples."""

import numpy as np
import pytest

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

    def __init__(self, window, documents="packed", context=0):
        self.window, self.documents, self.context = window, documents, context
        size = window + context
        self.spec = {
            "tokens": interfaces.Spec((size,), "int32"),
            "segments": interfaces.Spec((size,), "int32"),
            "drawn": interfaces.Spec((), "float64"),
            "other": interfaces.Spec((), "int32"),
        }

    def example(self, tokens, segments, rng, other):
        missing = (0, self.window + self.context - len(tokens))
        return {
            "tokens": np.pad(tokens, missing),
            "segments": np.pad(segments, missing),
            "drawn": rng.random(),
            "other": other(rng)[0],
        }


DOCUMENTS = [np.arange(1, 8), np.arange(11, 14), np.arange(21, 33)]  # 22 tokens
LINE = np.concatenate(DOCUMENTS)
OF_EACH = [
    [1, 2, 3, 4, 5],
    [6, 7],
    [11, 12, 13],
    [21, 22, 23, 24, 25],
    [26, 27, 28, 29, 30],
    [31, 32],
]


def every(maker, training=False, epoch=0, seed=0, **fields):
    made = windows.Windows(Stream(*DOCUMENTS), maker, training, **fields)
    places = np.arange(len(made))
    return made.batch(places, np.full(len(made), epoch), seed)


def shown(found) -> list[list[int]]:
    return [row[row > 0].tolist() for row in found["tokens"]]


def test_joined_windows_of_evaluation_cover_the_line_once():
    found = every(Maker(5, "joined"))["tokens"]
    assert found.shape == (5, 5)
    assert found.ravel()[:22].tolist() == LINE.tolist()
    assert found.ravel()[22:].tolist() == [0] * 3


def test_packed_windows_of_evaluation_cut_no_document_that_fits():
    assert shown(every(Maker(10))) == [
        [*range(1, 8), 11, 12, 13],
        [*range(21, 31)],
        [31, 32],
    ]
    found = every(Maker(9))
    assert shown(found) == [
        [*range(1, 8)],
        [11, 12, 13],
        [*range(21, 30)],
        [30, 31, 32],
    ]
    found = every(Maker(5))
    assert shown(found) == [*OF_EACH[:1], [6, 7, 11, 12, 13], *OF_EACH[3:]]
    assert found["segments"][1].tolist() == [1, 1, 2, 2, 2]


def test_the_context_is_the_token_before_and_none_at_the_beginning():
    for documents in ("packed", "joined"):
        found = every(Maker(11, documents, context=1))
        first, second = shown(found)[:2]
        assert found["tokens"][0, 0] == found["segments"][0, 0] == 0
        assert second[0] == first[-1]
    found = every(Maker(5, "separate", context=1))
    assert [row[1:].tolist() for row in found["tokens"]] == [
        [*row, *[0] * (5 - len(row))] for row in OF_EACH
    ]
    assert found["tokens"][:, 0].tolist() == [0, 5, 7, 13, 25, 30]
    # where a document begins, what is before it is of another one
    same = found["segments"][:, 0] == found["segments"][:, 1]
    assert same.tolist() == [False, True, False, False, True, True]


@pytest.mark.parametrize("documents", ["packed", "joined"])
def test_in_each_epoch_of_training_every_token_is_in_one_window(documents):
    starts = set()
    for epoch in range(40):
        found = every(Maker(5, documents, context=1), training=True, epoch=epoch)
        assert found["tokens"].shape == (5, 6)
        tokens = [t for row in found["tokens"][:, 1:] for t in row[row > 0].tolist()]
        first = LINE.tolist().index(tokens[0])
        assert tokens == [*LINE[first:], *LINE[:first]]
        starts.add(first)
        # what is told from the token before it is of the same document
        for row, segments in zip(found["tokens"], found["segments"], strict=True):
            for i in np.flatnonzero(segments[1:] == segments[:-1]):
                assert row[i + 1] == row[i] == 0 or row[i + 1] == row[i] + 1
            begins = segments[1:] != segments[:-1]
            assert {1, 11, 21} >= set(row[1:][begins & (row[1:] > 0)].tolist())
    assert starts == {0, 1, 2, 3, 4}


def test_one_document_that_goes_on_at_its_beginning_is_another_segment():
    made = windows.Windows(Stream(np.arange(1, 8)), Maker(4), training=True)
    found = [made.batch(np.arange(2), np.full(2, e), 0) for e in range(20)]
    (turned,) = {tuple(f["segments"][1]) for f in found if f["tokens"][0, 0] == 3}
    assert turned == (1, 2, 2, 0)


@pytest.mark.parametrize("training", [False, True])
def test_windows_of_single_documents_hold_one(training):
    assert shown(every(Maker(5, "separate"), training)) == OF_EACH


@pytest.mark.parametrize("documents", ["packed", "joined", "separate"])
@pytest.mark.parametrize("stride", [1, 2, 3, 4])
def test_windows_that_overlap_count_each_token_once(documents, stride):
    found = every(Maker(4, documents), stride=stride)
    plain, counted, contexts = [], [], {}
    for row, is_plain, first in zip(
        found["tokens"], found["is_plain"], found["first"], strict=True
    ):
        row = row[row > 0].tolist()
        plain += row * int(is_plain)
        counted += row[first:]
        contexts |= {token: i for i, token in enumerate(row) if i >= first}
    assert sorted(plain) == sorted(counted) == LINE.tolist()
    # a document's beginning, or the tokens that the windows share
    for token, context in contexts.items():
        within = (token - 1) % 10 if token < 21 else token - 21
        assert context >= min(within, 4 - stride)
    alone = every(Maker(4, documents))
    assert plain == sum(shown(alone), [])
    if stride == 4:
        assert found["tokens"].tolist() == alone["tokens"].tolist()


def test_rows_are_the_documents_in_which_windows_begin():
    found = every(Maker(5, "separate"), training=True, epoch=3)["row"]
    assert found.tolist() == [0, 0, 1, 2, 2, 2]
    for epoch in range(9):
        found = every(Maker(5), training=True, epoch=epoch, seed=7)
        expected = np.minimum(found["tokens"][:, 0] // 10, 2)
        assert found["row"].tolist() == expected.tolist()


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


@pytest.mark.parametrize("documents", ["packed", "joined", "separate"])
def test_a_corpus_smaller_than_a_window_is_one_short_one(documents):
    for training in (False, True):
        found = windows.Windows(Stream(np.arange(1, 4)), Maker(40, documents), training)
        assert shown(found.batch(np.arange(1), np.zeros(1, int), 0)) == [[1, 2, 3]]
        assert len(windows.Windows(Stream(), Maker(4, documents), training)) == 0


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
