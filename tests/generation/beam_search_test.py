"""Beam search against all texts that there are."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from tfm.generation import beam_search

EOS, VOCAB, LENGTH = 1, 4, 4  # tokens 1 to 3, 0 is padding


def _tables(seed, rows=2):
    """Logits by the place and the token before, [B, LENGTH, V, V]; none of 0."""
    rng = np.random.default_rng(seed)
    tables = rng.normal(size=(rows, LENGTH, VOCAB, VOCAB)).astype(np.float32) * 2
    tables[..., 0] = -np.inf
    return tables


def _found(tables, compiled=False, **fields):
    """Tokens [B, K, LENGTH] and scores of texts that follow token 2."""

    def search(tables_BTVV):
        # the cache has the row's own tables, so it must follow the beams
        def next_scores(tokens_RS, cache, slot):
            before_R = tf.gather(tokens_RS, slot - 1, axis=1)
            now_RVV = tf.gather(cache[0], slot - 1, axis=1)
            return tf.gather(now_RVV, before_R, batch_dims=1), cache

        start = tf.constant([[2] + [0] * LENGTH] * len(tables))
        return beam_search.search(
            next_scores, start, (tables_BTVV,), tf.constant(1), eos_id=EOS, **fields
        )

    search = tf.function(search, jit_compile=True) if compiled else search
    tokens, scores = search(tf.constant(tables))
    return tokens[:, :, 1:].numpy(), scores.numpy()


def _all_texts(table, length_penalty):
    """Every text with its score, the best first."""
    found = {}
    for tokens in itertools.product([1, 2, 3], repeat=LENGTH):
        log, before, text = 0.0, 2, []
        for place, token in enumerate(tokens):
            row = table[place, before].astype(np.float64)
            log += row[token] - np.log(np.exp(row[1:]).sum())
            text.append(token)
            before = token
            if token == EOS:
                break
        score = log / len(text) ** length_penalty
        found[(*text, *[0] * (LENGTH - len(text)))] = score
    return sorted(found.items(), key=lambda item: -item[1])


@pytest.mark.parametrize("length_penalty", [0.0, 0.6, 1.0, 2.0])
@pytest.mark.parametrize("seed", range(4))
def test_enough_beams_find_the_best_of_all_texts(seed, length_penalty):
    tables = _tables(seed)
    number = 60  # as many as there are texts, and more
    tokens, scores = _found(
        tables, num_beams=number, length_penalty=length_penalty, compiled=seed == 0
    )
    for row, table in enumerate(tables):
        expected = _all_texts(table, length_penalty)
        count = len(expected)
        assert count < number
        # the search ends where nothing can enter the K best: these are sure
        assert [tuple(text) for text in tokens[row, :count].tolist()] == [
            text for text, _ in expected
        ]
        np.testing.assert_allclose(
            scores[row, :count], [score for _, score in expected], rtol=1e-4
        )
        assert np.isneginf(scores[row, count:]).all()


def test_many_beams_do_not_shorten_texts():
    """Sums of logarithms favour the empty text; means do not."""
    table = np.full((1, LENGTH, VOCAB, VOCAB), -np.inf, np.float32)
    table[..., 1] = np.log(0.3)  # the end
    table[..., 2:] = np.log(0.35)
    whole, _ = _found(table, num_beams=3, length_penalty=0)
    assert whole[0, 0].tolist() == [1, 0, 0, 0]
    mean, _ = _found(table, num_beams=3, length_penalty=1)
    assert (mean[0, 0] > 1).all()


def test_scores_that_are_no_numbers_stay_so():
    tables = _tables(0)
    tables[0] = np.nan
    _, scores = _found(tables, num_beams=2)
    assert not np.isfinite(scores[0]).all()
    assert np.isfinite(scores[1, 0])
