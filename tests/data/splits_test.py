import numpy as np
import pytest

from tfm.data import splits

TEXTS = [f"text {number}" for number in range(1000)]


def hashes(texts):
    joined = b"".join(map(splits.digest, texts))
    return np.frombuffer(joined, np.uint64).reshape(-1, 2)


def assign(texts, strata=None, ends=None, labels=None, **settings):
    strata = np.zeros(len(texts), int) if strata is None else np.asarray(strata)
    labels = strata if labels is None else labels
    settings = {"seed": 0, "validation": 0.1, "test": 0.2, **settings}
    ends = ends or [len(texts)] * 3
    return splits.assign(
        hashes(texts), strata, np.asarray(labels, np.uint64), ends, **settings
    )


def test_texts_that_differ_in_white_space_are_the_same():
    a, b, c = map(splits.digest, ["a  b\n", " a b", "ab"])
    assert a == b != c
    assert len(a) == 16


def test_first_of_finds_the_first_row_of_each_text():
    first = splits.first_of(hashes(["x", "y", "x", "z", "y", "x"]))
    assert first.tolist() == [0, 1, 0, 3, 1, 0]


@pytest.mark.parametrize("counts", [(500, 300, 200), (989, 11), (7, 3, 5), (333,) * 3])
def test_each_class_keeps_its_share_to_the_nearest_whole_number(counts):
    strata = np.repeat(np.arange(len(counts)), counts)
    indices, _ = assign(TEXTS[: len(strata)], strata)
    assert len(indices["test"]) == round(0.2 * len(strata))
    assert len(indices["validation"]) == int(0.1 * len(strata) + 0.5)
    for name, fraction in [("train", 0.7), ("validation", 0.1), ("test", 0.2)]:
        found = np.bincount(strata[indices[name]], minlength=len(counts))
        # the largest remainders decide, so no class is off by a whole text;
        # train is what two cuts leave
        limit = 2 if name == "train" else 1
        assert (abs(found - np.array(counts) * fraction) < limit).all()
    together = np.concatenate(list(indices.values()))
    assert sorted(together.tolist()) == list(range(len(strata)))


def test_shares_go_to_the_largest_remainders():
    counts = np.array([14, 26, 10])
    shares = splits.apportion(counts, 0.1, counts)  # 1.4, 2.6, 1.0: five in all
    assert shares.tolist() == [1, 3, 1]


def test_train_gets_the_only_text_of_a_class():
    strata = [0] * 20 + [1, 2, 3, 3]
    indices, _ = assign(TEXTS[:24], strata, validation=0.3, test=0.4)
    assert {1, 2, 3} <= set(np.array(strata)[indices["train"]].tolist())


def test_a_fraction_cuts_one_text_at_least():
    indices, _ = assign(TEXTS[:4], [0, 0, 1, 1])
    assert [len(rows) for rows in indices.values()] == [2, 1, 1]
    indices, _ = assign(TEXTS[:4], [0, 0, 1, 1], test=0)
    assert len(indices["test"]) == 0


def texts_of(indices, texts):
    return {name: {texts[row] for row in rows} for name, rows in indices.items()}


def test_the_order_of_the_rows_does_not_matter_and_the_seed_does():
    strata = np.arange(1000) % 3
    order = np.random.default_rng(0).permutation(1000)
    shuffled = [TEXTS[row] for row in order]
    usual = texts_of(assign(TEXTS, strata)[0], TEXTS)
    assert texts_of(assign(shuffled, strata[order])[0], shuffled) == usual
    other = texts_of(assign(TEXTS, strata, seed=1)[0], TEXTS)
    assert len(other["test"] & usual["test"]) < 80  # 40 expected of 200


def test_more_rows_move_few_texts_and_none_between_validation_and_test():
    more = TEXTS + [f"more {number}" for number in range(50)]
    old = texts_of(assign(TEXTS)[0], TEXTS)
    new = texts_of(assign(more)[0], more)
    assert len(old["train"] & new["test"]) <= 10
    assert len(old["test"] & new["train"]) <= 10
    assert not old["test"] & new["validation"]
    assert not old["validation"] & new["test"]


def test_of_equal_texts_the_first_is_kept():
    texts = ["a", "b", "a ", "c", "b", "a"]
    indices, dropped = assign(texts, [0, 0, 0, 1, 1, 0], validation=0, test=0)
    assert indices["train"].tolist() == [0, 1, 3]
    assert dropped["duplicates"] == 3
    assert dropped["conflicts"] == 1


def test_given_splits_stay_and_train_loses_their_texts():
    train, validation, test = ["a", "b", "c", "a", "d"], ["b", "b"], ["d", "e"]
    indices, dropped = assign(
        train + validation + test, ends=[5, 7, 9], validation=0, test=0
    )
    assert indices["train"].tolist() == [0, 2]
    assert indices["validation"].tolist() == [5, 6]
    assert indices["test"].tolist() == [7, 8]
    assert dropped["held_out"] == 2
    assert dropped["duplicates"] == 1


def test_max_examples_is_a_sample_with_a_text_of_each_class():
    strata = np.array([0] * 990 + [1] * 9 + [2])
    indices, dropped = assign(TEXTS, strata, max_examples=100)
    rows = np.concatenate(list(indices.values()))
    assert len(rows) == 100
    assert dropped["not_sampled"] == 900
    assert {1, 2} <= set(strata[indices["train"]].tolist())
    assert 400 < rows.mean() < 600  # not the first hundred


def test_texts_of_several_labels_are_cut_by_their_rarest():
    numbers = np.array([0, 1, 0, 0, 2, 1])
    offsets = np.array([0, 2, 3, 5, 5, 6])  # {0 1} {0} {0 2} {} {1}
    assert splits.strata_of(numbers, offsets, 3).tolist() == [1, 0, 2, 3, 1]


def test_signatures_tell_sets_of_labels_apart():
    numbers = np.array([0, 1, 0, 1, 1, 0])
    offsets = np.array([0, 2, 4, 4, 5, 6])
    a, b, none, one, zero = splits.signatures(numbers, offsets).tolist()
    assert a == b
    assert len({a, none, one, zero}) == 4


def test_a_label_that_train_has_lost_gets_a_text_back():
    numbers = np.array([0, 0, 1, 1, 2])
    offsets = np.array([0, 1, 3, 4, 5])  # {0} {0 1} {1} {2}
    indices = {"train": np.array([0]), "validation": np.array([1, 2])}
    indices["test"] = np.array([3])
    splits.move_only_texts(indices, numbers, offsets, num_train=3)
    assert indices["train"].tolist() == [0, 1]
    assert indices["validation"].tolist() == [2]
    assert indices["test"].tolist() == [3]  # of a test source: not train's to take
