"""Near duplicates: the pair that is found, the pair that is not."""

import random

import pytest

from tfm.preflight import near_duplicates

TEXT = "the film was a story of two friends and a long summer by the cold northern sea"


def _changed(text: str, place: int) -> str:
    words = text.split()
    words[place] = "other"
    return " ".join(words)


def test_nearly_the_same_text_is_found_and_another_is_not():
    # 17 words: 15 runs of three; a last word that differs costs one of them
    last = _changed(TEXT, 16)
    middle = _changed(TEXT, 8)  # three of them
    found = near_duplicates.between(
        {"train": ["a dull one", TEXT], "test": [last, middle, "quite another text"]}
    )
    assert [(p.first, p.second) for p in found] == [(("train", 1), ("test", 0))]
    assert found[0].similarity == pytest.approx(14 / 16)  # 14 of 16 different runs
    found = near_duplicates.between({"train": [TEXT], "test": [last, middle]}, 0.6)
    assert [p.similarity for p in found] == [
        pytest.approx(14 / 16),
        pytest.approx(12 / 18),
    ]


def test_case_and_space_do_not_count_and_the_order_of_words_does():
    same = f"  {TEXT.upper()}\n".replace(" ", "  ")
    words = TEXT.split()
    random.Random(0).shuffle(words)
    found = near_duplicates.between({"train": [TEXT], "test": [same, " ".join(words)]})
    assert [(p.second, p.similarity) for p in found] == [(("test", 0), 1.0)]


def test_texts_of_one_split_are_not_compared():
    assert not near_duplicates.between({"train": [TEXT] * 3, "test": ["x"]})
    assert near_duplicates.between({"train": [], "test": []}) == []
    assert near_duplicates.between({}) == []


def test_short_and_empty_texts():
    found = near_duplicates.between(
        {"train": ["good", ""], "test": ["", "bad", "Good"]}
    )
    assert {(p.first[1], p.second[1]) for p in found} == {(0, 2), (1, 0)}


@pytest.mark.parametrize("crowd", [1, 300])
def test_each_copy_among_many_texts_is_found_once(crowd):
    rng = random.Random(1)
    text = lambda: " ".join(f"w{rng.randrange(5000)}" for _ in range(60))  # noqa: E731
    train, test = [text() for _ in range(400)], [text() for _ in range(100)]
    copies = {place: _changed(train[3 * place], 30) for place in range(0, 100, 5)}
    for place, copy in copies.items():
        test[place] = copy
    train += [train[0]] * crowd
    found = near_duplicates.between({"train": train, "test": test})
    assert sorted(p.second[1] for p in found) == sorted(copies)
    assert {p.second[1]: p.first[1] for p in found if p.second[1]} == {
        place: 3 * place for place in copies if place
    }
    assert all(p.similarity == pytest.approx(55 / 61) for p in found)
