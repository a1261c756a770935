"""Next-sentence pairs: a second piece of text follows the first or not. T tokens."""

import numpy as np


class Pairs:
    """[CLS] A [SEP] B [SEP], for next-sentence prediction (Devlin et al. 2018).

    A window is cut in two at a random place. In half of the examples B is its second
    part; in the others it is as much from the end of another window. So neither its
    beginning nor its end tells where it is from, nor its length where the other
    window is long enough.

    Args:
      cls_id: the id of [CLS].
      sep_id: the id of [SEP].
      max_length: T of the pair.
      eos_id: the id that ends documents, which is left out; None: there is none.

    Attributes:
      window: tokens that a pair takes of the corpus.
    """

    def __init__(
        self, cls_id: int, sep_id: int, max_length: int, eos_id: int | None = None
    ):
        self.window = max_length - 3
        self._cls_id, self._sep_id, self._eos_id = cls_id, sep_id, eos_id

    def make(self, tokens, rng: np.random.Generator, other):
        """A pair.

        Args:
          tokens: a window.
          rng: chance.
          other: rng -> the tokens of another window.

        Returns:
          The pair's tokens int32 [T or less], its types (0 to the first [SEP], then
          1) and whether B follows A.
        """
        tokens = self._bare(tokens)
        follows = bool(rng.random() < 0.5) and len(tokens) > 1
        cut = int(rng.integers(1, max(len(tokens), 2)))
        second = tokens[cut:]
        if not follows:
            most = max(len(second), 1)
            foreign = self._bare(other(rng))
            # never from its beginning, as a second part never is
            second = foreign[max(min(1, len(foreign) - 1), len(foreign) - most) :]
        pair = self.join(tokens[:cut], second)
        return *pair, int(follows)

    def join(self, first, second=None):
        """Tokens and types of [CLS] first [SEP] second [SEP], or of the first alone."""
        first = self._bare(first)
        parts = [[self._cls_id], first, [self._sep_id]]
        length = len(first) + 2
        if second is not None:
            parts += [second, [self._sep_id]]
        tokens = np.concatenate(parts).astype(np.int32)
        types = np.zeros(len(tokens), np.int32)
        types[length:] = 1
        return tokens, types

    def _bare(self, tokens):
        """A window without what begins and ends its document in the corpus."""
        if len(tokens) and tokens[0] == self._cls_id:  # of a published tokenizer
            tokens = tokens[1:]
        if len(tokens) and tokens[-1] in (self._eos_id, self._sep_id):
            tokens = tokens[:-1]
        return tokens
