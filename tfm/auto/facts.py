"""Facts of labelled texts that decide how they are best learnt."""

import collections
import dataclasses
import re
from collections.abc import Sequence

from tfm.data import labeled_rows
from tfm.data import labeled_settings
from tfm.inputs.ngrams import scripts

_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9:-]*(?:\s[^<>]*)?/?>")
_MOST = 200_000  # rows that are looked at
_ENGLISH = {"the", "and", "of", "to", "in", "is", "it", "for", "that", "with", "on"}


@dataclasses.dataclass(frozen=True)
class Facts:
    """Counts and shares of a training source.

    Attributes:
      texts: rows, at most those that were looked at.
      bytes: of all texts.
      classes: texts of each class, by name, the most frequent first.
      multi_label: whether a text has any number of labels.
      median_words: of a text.
      mean_words: of a text, the longest cut to the length of the long ones.
      long_words: of the text that is longer than 95 % of the others.
      unspaced: share of the letters in scripts without spaces between words.
      tags: share of the texts with HTML tags.
      english: share of the words that are of English's commonest.
    """

    texts: int
    bytes: int
    classes: dict[str, int]
    multi_label: bool
    median_words: int
    mean_words: float
    long_words: int
    unspaced: float
    tags: float
    english: float

    @property
    def unbalanced(self) -> bool:
        """Whether one class has more than 3 times the texts of another."""
        return max(self.classes.values()) > 3 * min(self.classes.values())


def of(config: labeled_settings.LabeledTextSettings) -> Facts:
    """Reads the training source, whose columns are named.

    Raises:
      UserError: a mistake in it that would stop the preparation.
    """
    labels = labeled_rows.label_reader(config, config.labels or None)
    counts: collections.Counter = collections.Counter()
    words, num_bytes, tagged, sample = [], 0, 0, []
    tally = labeled_rows.Tally()
    for example in labeled_rows.examples(
        config, config.train, labels, tally, limit=_MOST
    ):
        counts.update(labels.names[number] for number in example.labels)
        words.append(example.text.count(" ") + 1)
        num_bytes += len(example.text.encode("utf-8", "replace"))
        tagged += _TAG.search(example.text) is not None
        if len(sample) < 300:
            sample.append(example.text[:300])
    words.sort()
    long = words[int(0.95 * (len(words) - 1))]
    return Facts(
        texts=len(words),
        bytes=num_bytes,
        classes=dict(counts.most_common()),
        multi_label=config.multi_label,
        median_words=words[len(words) // 2],
        mean_words=sum(min(count, long) for count in words) / len(words),
        long_words=long,
        unspaced=scripts.unspaced_share(sample),
        tags=tagged / len(words),
        english=_english_share(sample),
    )


def _english_share(texts: Sequence[str]) -> float:
    words = [word.strip(".,;:!?\"()'") for t in texts for word in t.lower().split()]
    return sum(word in _ENGLISH for word in words) / max(1, len(words))
