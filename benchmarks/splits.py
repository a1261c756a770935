"""Labelled rows cut into training and test rows that share no text."""

import collections
import random
import unicodedata
from collections.abc import Iterable
from collections.abc import Sequence
from typing import NamedTuple


class Row(NamedTuple):
    """A labelled text. Rows of one group (a document, a source) stay together."""

    text: str
    label: str
    group: str = ""


def cut(
    rows: Iterable[Row], seed: int, train_rows: int | None, test_rows: int = 2_500
) -> tuple[list[Row], list[Row]]:
    """Training and test rows in the shares that the classes have in all rows.

    With the same seed, the test rows are the same for any number of training rows,
    and fewer training rows are a part of more.

    Args:
      rows: all there are; of a text that is there twice one is kept, and none where
        its labels differ.
      seed: of the random choice of test and training rows, and of their order.
      train_rows: the most to train on; None takes all that are not for the test.
      test_rows: the most to test on; never more than a quarter of all rows.
    """
    kept = sorted(distinct(rows))
    rng = random.Random(seed)
    rng.shuffle(kept)
    size = min(test_rows, len(kept) // 4)
    test, others = _held_out(kept, size)
    rng.shuffle(test)
    train = evenly(others)[:train_rows]
    rng.shuffle(train)
    unknown = {row.label for row in test} - {row.label for row in train}
    if unknown:
        raise ValueError(f"No training row has the labels {sorted(unknown)}.")
    return train, test


def distinct(rows: Iterable[Row]) -> list[Row]:
    """Rows of different texts; letter case and spaces make no difference."""
    found: dict[str, list[Row]] = collections.defaultdict(list)
    for row in rows:
        if key := _key(row.text):
            found[key].append(row)
    return [same[0] for same in found.values() if len({row.label for row in same}) == 1]


def evenly(rows: Sequence[Row]) -> list[Row]:
    """The rows in an order whose every beginning has the shares of the classes."""
    counts = collections.Counter(row.label for row in rows)
    seen: collections.Counter = collections.Counter()
    places = []
    for index, row in enumerate(rows):
        places.append(((seen[row.label] + 0.5) / counts[row.label], index))
        seen[row.label] += 1
    return [rows[index] for _, index in sorted(places)]


def _held_out(rows: Sequence[Row], size: int) -> tuple[list[Row], list[Row]]:
    """`size` rows in equal shares, and those of the groups that gave none of them.

    A group gives rows while the class that most of it has lacks some; what it has
    beyond a class's share is left out altogether.
    """
    wanted = collections.Counter(row.label for row in evenly(rows)[:size])
    groups: dict[str, list[Row]] = collections.defaultdict(list)
    for index, row in enumerate(rows):
        groups[row.group or f"\0{index}"].append(row)
    test, others = [], []
    for group in groups.values():
        label, _ = collections.Counter(row.label for row in group).most_common(1)[0]
        if not wanted[label]:
            others.extend(group)
            continue
        for row in group:
            if wanted[row.label]:
                wanted[row.label] -= 1
                test.append(row)
    return test, others


def _key(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
