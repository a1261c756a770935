"""Counts of texts as they are tokenized: tokens, unknown ones, lost characters.

n texts.
"""

import collections
from collections.abc import Sequence
from collections.abc import Set

import numpy as np

from tfm import unspaced
from tfm.inputs.text import normalization

# of each text; characters are those that are no white space, after normalization
FIELDS = np.dtype(
    [
        ("whole", np.int64),  # tokens, before it is cut
        ("unknown", np.int64),  # of these, [UNK]
        ("characters", np.int64),
        ("lost", np.int64),  # of these, those whose token is [UNK]
        # of these, those of scripts without spaces, where words are not divided
        ("undivided", np.int64),
    ]
)

# The share of characters that may be unknown without a warning. Words leave out rare
# ones, which are long: 4 to 9 % of the characters of film reviews with 10,000 or 20,000
# words of those that occur twice, 15 % with as few as 200 reviews.
_USUAL = collections.defaultdict(lambda: 0.05, word=0.2)


def usually_unknown(method: str) -> float:
    """The share of characters up to which a method's loss is as it is meant to be."""
    return _USUAL[method]


def of(tokenizer, texts: Sequence[str], rows: Sequence[np.ndarray]) -> np.ndarray:
    """The counts of each text, FIELDS [n].

    Args:
      tokenizer: that has encoded the texts.
      texts: as they were given to it.
      rows: their ids, uncut.
    """
    texts = [normalization.normalize(text, tokenizer.config) for text in texts]
    found = np.zeros(len(texts), FIELDS)
    found["whole"] = [len(row) for row in rows]
    found["characters"] = [*map(visible, texts)]
    unknown = tokenizer.unknown_id
    if unknown is not None:
        found["unknown"] = [np.count_nonzero(row == unknown) for row in rows]
    some = np.flatnonzero(found["unknown"])
    lost = tokenizer.lost([texts[i] for i in some], [rows[i] for i in some])
    # a character of white space that is unknown, as of method=character, is none
    found["lost"][some] = np.clip(lost, 0, found["characters"][some])
    if tokenizer.config.method == "word":
        found["undivided"] = [*map(unspaced.count, texts)]
    return found


def total(counts: np.ndarray) -> np.ndarray:
    """The sums of counts, FIELDS [1]."""
    return np.array([tuple(counts[name].sum() for name in FIELDS.names)], FIELDS)


def visible(text: str) -> int:
    """The number of characters that are no white space."""
    return len("".join(text.split()))


def spelt(tokens: Sequence[str], none: Set[int], marks: Sequence[str]) -> np.ndarray:
    """The number of visible characters that each token stands for, int64 [V].

    Args:
      tokens: in the order of their ids.
      none: ids that stand for no text.
      marks: what a token may begin with that is no part of the text.
    """
    found = np.zeros(len(tokens), np.int64)
    for id, token in enumerate(tokens):
        if id not in none:
            mark = next((m for m in marks if token.startswith(m) and token != m), "")
            found[id] = visible(token.removeprefix(mark))
    return found
