"""Statistics of what is hidden, counted over 100,000 tokens and more."""

import numpy as np
import pytest

from tests.support import small_models
from tfm.tasks.language import masking

LENGTH = 128


def _words(vocab_size=500):
    """A tokenizer of words, most of which nothing is known of."""
    text = " ".join(f"w{number}" for number in range(vocab_size))
    special = ("[MASK]", "[EOS]")
    return small_models.of_texts([text], "word", vocab_size, special).tokenizer


TOKENIZER = _words()
MASK, EOS, FIRST = 2, 3, 4


def _count(made, length=LENGTH, windows=1000, seed=0):
    """Chosen, masked, other and kept tokens of many windows, and how many could be."""
    rng = np.random.default_rng(seed)
    counts = np.zeros(4)
    for _ in range(windows):
        row = rng.integers(FIRST, TOKENIZER.vocab_size, length).astype(np.int32)
        row[rng.integers(length)] = EOS
        positions = made.choose(row, np.ones_like(row), rng)
        assert len(positions) <= made.most(length)
        chosen = row[positions]
        assert (chosen >= FIRST).all()
        hidden = made.hide(chosen, rng)
        masked, kept = hidden == MASK, hidden == chosen
        counts += [len(chosen), masked.sum(), (~masked & ~kept).sum(), kept.sum()]
        assert ((hidden >= FIRST) | masked).all()
    return counts, windows * (length - 1)


def test_a_share_of_the_tokens_is_chosen_and_hidden_in_three_ways():
    (chosen, masked, other, kept), free = _count(masking.Masking(TOKENIZER, MASK))
    assert chosen / free == pytest.approx(0.15, abs=0.001)
    assert masked / chosen == pytest.approx(0.8, abs=0.01)
    assert other / chosen == pytest.approx(0.1, abs=0.01)
    assert kept / chosen == pytest.approx(0.1, abs=0.01)


def test_the_shares_are_fields():
    made = masking.Masking(TOKENIZER, MASK, 0.4, mask_share=0.5, random_share=0.5)
    (chosen, masked, other, kept), free = _count(made, windows=300)
    assert chosen / free == pytest.approx(0.4, abs=0.005)
    assert masked / chosen == pytest.approx(0.5, abs=0.02)
    assert kept / chosen < 0.01  # by chance the same token


def test_short_texts_lose_the_same_share():
    (chosen, *_), free = _count(masking.Masking(TOKENIZER, MASK), 9, 5000)
    assert chosen / free == pytest.approx(0.15, abs=0.005)


def test_every_place_is_as_likely():
    made, rng = masking.Masking(TOKENIZER, MASK), np.random.default_rng(0)
    row = np.arange(FIRST, FIRST + 20, dtype=np.int32)
    times = np.zeros(20)
    for _ in range(5000):
        times[made.choose(row, np.ones_like(row), rng)] += 1
    np.testing.assert_allclose(times / 5000, 0.15, atol=0.03)


def test_reserved_tokens_are_never_chosen():
    made, rng = masking.Masking(TOKENIZER, MASK, rate=0.5), np.random.default_rng(0)
    row = np.array([0, 1, MASK, EOS] * 10 + [FIRST], np.int32)
    chosen = [made.choose(row, np.ones_like(row), rng).tolist() for _ in range(50)]
    assert {tuple(positions) for positions in chosen} == {(), (40,)}


def _pieces(whole_word):
    tokenizer = small_models.preprocessor("wordpiece", 90).tokenizer
    rows = tokenizer.encode([" ".join(small_models.TEXTS)] * 20, truncate=False)
    made = masking.Masking(tokenizer, 2, whole_word=whole_word)
    continues = [tokenizer.vocabulary[id].startswith("##") for id in rows[0]]
    return made, np.concatenate(rows), np.tile(continues, 20)


def _torn(made, stream, continues) -> tuple[float, int, dict]:
    """Share chosen, words chosen in part, and by words' length whether chosen."""
    rng = np.random.default_rng(0)
    num_chosen = torn = total = 0
    by_length = {}
    for start in range(0, len(stream) - LENGTH, 5):
        row = stream[start : start + LENGTH]
        begins = ~continues[start : start + LENGTH]
        begins[0] = True
        chosen = np.zeros(LENGTH, bool)
        chosen[made.choose(row, np.ones_like(row), rng)] = True
        num_chosen, total = num_chosen + chosen.sum(), total + LENGTH
        for word in np.split(chosen, np.flatnonzero(begins)[1:]):
            torn += 0 < word.sum() < len(word)
            by_length.setdefault(len(word), []).append(word.all())
    assert total > 100_000
    return num_chosen / total, torn, by_length


def test_words_are_hidden_whole():
    share, torn, by_length = _torn(*_pieces(whole_word=True))
    assert share == pytest.approx(0.15, abs=0.002)
    assert torn == 0
    frequent = [np.mean(of) for of in by_length.values() if len(of) > 2000]
    assert len(frequent) > 3
    np.testing.assert_allclose(frequent, 0.15, atol=0.03)  # long ones hardly less
    _, torn, _ = _torn(*_pieces(whole_word=False))
    assert torn > 1000


def test_words_end_with_their_document():
    made, stream, continues = _pieces(whole_word=True)
    (place,) = np.flatnonzero(continues[10:])[:1] + 10
    row = stream[place - 1 : place + 1]
    rng = np.random.default_rng(0)
    made._rate = 0.5
    one = {tuple(made.choose(row, np.array([1, 2]), rng)) for _ in range(20)}
    assert one == {(0,), (1,)}
    assert {tuple(made.choose(row, np.array([1, 1]), rng)) for _ in range(20)} == {()}


def test_the_same_chance_gives_the_same_places():
    made, stream, _ = _pieces(whole_word=True)
    row = stream[:LENGTH]
    first, again, other = (
        made.choose(row, np.ones_like(row), np.random.default_rng([1, epoch, 7]))
        for epoch in (0, 0, 1)
    )
    assert first.tolist() == again.tolist() != other.tolist()


def test_nothing_to_choose_from():
    for whole_word in (False, True):
        made = masking.Masking(TOKENIZER, MASK, whole_word=whole_word)
        none = np.zeros(0, np.int32)
        assert len(made.choose(none, none, np.random.default_rng(0))) == 0
