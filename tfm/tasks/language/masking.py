"""Masking of tokens or whole words, for a masked language model.

T tokens, K hidden ones, V vocabulary.
"""

import math

import numpy as np

from tfm.tasks.language import vocabulary_tables


class Masking:
    """Chooses tokens at random and hides most of them (Devlin et al. 2018).

    Args:
      tokenizer: the tfm.inputs.text Tokenizer. Its reserved tokens are never chosen,
        and never put in the place of another.
      mask_id: the id of [MASK].
      rate: the share of the other tokens that is chosen.
      mask_share: of these, the share that becomes [MASK].
      random_share: the share that becomes any other token; the rest stays.
      whole_word: choose all tokens of a word, or none.
    """

    def __init__(
        self,
        tokenizer,
        mask_id: int,
        rate: float = 0.15,
        mask_share: float = 0.8,
        random_share: float = 0.1,
        whole_word: bool = False,
    ):
        self.mask_id = mask_id
        self.first_word_id = tokenizer.first_word_id
        self._vocab_size = tokenizer.vocab_size
        self._rate = rate
        self._mask_share = mask_share
        self._random_share = random_share
        self._continues_V = None
        if whole_word:
            self._continues_V = vocabulary_tables.continues_word(tokenizer)

    def most(self, num_tokens: int) -> int:
        """The most tokens that are chosen."""
        return math.ceil(self._rate * num_tokens - 1e-9)  # 0.07 * 100 is above 7

    def choose(self, tokens_T, segments_T, rng: np.random.Generator) -> np.ndarray:
        """The chosen positions, int64 [K], in order.

        Their number is `rate` times that of the tokens which may be chosen, a fraction
        being rounded up or down by chance. Whole words are taken in a random order;
        what no longer fits is passed over, so that words of more tokens than an
        example may hide never are.
        """
        free_T = tokens_T >= self.first_word_id
        free = np.flatnonzero(free_T)
        number = min(
            int(self._rate * len(free) + rng.random()), self.most(len(tokens_T))
        )
        if self._continues_V is not None:
            return self._choose_words(tokens_T, segments_T, free_T, number, rng)
        if not number:
            return free[:0]
        order = np.argpartition(rng.random(len(free)), number - 1)
        return free[np.sort(order[:number])]

    def _choose_words(self, tokens_T, segments_T, free_T, number: int, rng):
        begins_T = ~(self._continues_V[tokens_T] & free_T)
        begins_T[:1] = True
        begins_T[1:] |= ~free_T[:-1] | (segments_T[1:] != segments_T[:-1])
        word_T = np.cumsum(begins_T) - 1
        length_W = np.bincount(word_T)
        order = rng.permutation(word_T[begins_T & free_T])
        lengths = length_W[order]
        ends = np.cumsum(lengths)
        fit = int(np.searchsorted(ends, number, "right"))  # the first that fit
        chosen_W = np.zeros(len(length_W), bool)
        chosen_W[order[:fit]] = True
        room = number - (int(ends[fit - 1]) if fit else 0)
        while room:
            later = np.flatnonzero(lengths[fit:] <= room)
            if not len(later):
                break
            fit += int(later[0])
            chosen_W[order[fit]] = True
            room -= int(lengths[fit])
            fit += 1
        return np.flatnonzero(chosen_W[word_T] & free_T)

    def hide(self, tokens_K, rng: np.random.Generator) -> np.ndarray:
        """The tokens [K] that are put in the places of chosen ones."""
        kind_K = rng.random(len(tokens_K))
        other_K = rng.integers(self.first_word_id, self._vocab_size, len(tokens_K))
        hidden_K = np.where(kind_K < self._mask_share, self.mask_id, other_K)
        stays_K = kind_K >= self._mask_share + self._random_share
        return np.where(stays_K, tokens_K, hidden_K)
