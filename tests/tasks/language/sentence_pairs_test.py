"""Next-sentence pairs of windows that a published tokenizer has enclosed."""

import numpy as np
import pytest

from tfm.tasks.language import sentence_pairs

CLS, SEP = 2, 3


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("window", [[CLS, 5, 6, 7, SEP], [5, 6, 7]])
def test_a_pair_has_one_begin_and_two_ends(window, seed):
    pairs = sentence_pairs.Pairs(CLS, SEP, 16)
    other = np.array([CLS, 8, 9, SEP])
    rng = np.random.default_rng(seed)
    tokens, types, follows = pairs.make(np.array(window), rng, lambda rng: other)
    assert tokens[0] == CLS and tokens[-1] == SEP
    assert np.isin(tokens, [CLS, SEP]).sum() == 3
    assert types.tolist() == sorted(types) and len(types) == len(tokens)
    if follows:
        kept = tokens[~np.isin(tokens, [CLS, SEP])]
        assert kept.tolist() == [5, 6, 7]


def test_a_text_alone_is_enclosed_once():
    pairs = sentence_pairs.Pairs(CLS, SEP, 16)
    for text in ([5, 6], [CLS, 5, 6, SEP]):
        tokens, types = pairs.join(np.array(text))
        assert tokens.tolist() == [CLS, 5, 6, SEP] and not types.any()
