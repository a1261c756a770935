"""Train/validation splits without duplicates, by the seed and the texts alone.

A text is known by its hash, two unsigned 64-bit numbers. Neither the order of the
rows nor the machine changes the splits, and more rows move few texts.
"""

import hashlib
from collections.abc import Sequence

import numpy as np

_OTHER_SPACE = b"\t\n\v\f\r\x1c\x1d\x1e\x1f"  # ASCII's white space but the space


def digest(text: str) -> bytes:
    """Returns 16 bytes that are equal for texts which differ in white space only."""
    if text.isascii():
        normalised = text.encode()
        single = normalised.translate(None, _OTHER_SPACE)
        if len(single) < len(normalised) or b"  " in normalised:
            normalised = " ".join(text.split()).encode()
        else:
            normalised = normalised.strip(b" ")
    else:
        normalised = " ".join(text.split()).encode()
    return hashlib.blake2b(normalised, digest_size=16).digest()


def first_of(hashes: np.ndarray) -> np.ndarray:
    """Returns for each row the first row of the same text.

    Args:
      hashes: uint64 [n, 2].

    Returns:
      int64 [n]; a row that is not a duplicate has its own number.
    """
    order = np.lexsort((hashes[:, 1], hashes[:, 0]))  # stable: equal ones keep order
    ordered = hashes[order]
    starts = np.ones(len(order), bool)
    starts[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    first = np.empty(len(order), np.int64)
    first[order] = order[starts][np.cumsum(starts) - 1]
    return first


def assign(
    hashes: np.ndarray,
    strata: np.ndarray,
    labels: np.ndarray,
    ends: Sequence[int],
    *,
    seed: int,
    validation: float,
    test: float,
    max_examples: int | None = None,
) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """Assigns the rows of the sources to the splits.

    Validation and test sources stay as they are. Training rows whose text is in one of
    them go, and so do all but the first of the training rows with the same text.

    Args:
      hashes: uint64 [n, 2], of the texts.
      strata: int [n], what each split gets its share of.
      labels: uint64 [n], equal where two rows have the same labels.
      ends: where the rows of the train, validation and test source end.
      seed: of the cut.
      validation: the fraction of the training texts to cut for validation.
      test: likewise.
      max_examples: how many of the training texts to use, before the cut.

    Returns:
      The rows of each split, int64, ascending; and how many training rows were
      dropped, by reason.
    """
    num_train, end_validation, num_rows = ends
    num_given = num_rows - num_train
    rows = np.arange(num_rows)
    given_first = np.roll(rows, num_given)  # so that a copy in train is never the first
    first = first_of(hashes[given_first])[num_given:]
    first = given_first[first]  # for each training row
    in_given = first >= num_train
    repeated = ~in_given & (first != rows[:num_train])
    conflicts = repeated & (labels[first] != labels[:num_train])
    kept = rows[:num_train][~in_given & ~repeated]
    num_kept = len(kept)
    if max_examples is not None and max_examples < num_kept:
        kept = kept[sample(keys(hashes[kept], seed, 1), strata[kept], max_examples)]
    split = cut(keys(hashes[kept], seed, 0), strata[kept], validation, test)
    indices = {
        "train": kept[split == 0],
        "validation": np.append(kept[split == 1], rows[num_train:end_validation]),
        "test": np.append(kept[split == 2], rows[end_validation:]),
    }
    dropped = {
        "duplicates": int(repeated.sum()),
        "conflicts": int(conflicts.sum()),  # of the duplicates
        "held_out": int(in_given.sum()),
        "not_sampled": num_kept - len(kept),
    }
    return indices, dropped


def signatures(numbers: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Returns a uint64 for each row that tells its set of labels from others.

    Args:
      numbers: int [sum of lengths], the labels of all rows.
      offsets: int64 [n + 1], where each row's labels begin and end.
    """
    sums = np.append(np.uint64(0), np.cumsum(mix(numbers.astype(np.uint64))))
    return sums[offsets[1:]] - sums[offsets[:-1]]


def sample(order: np.ndarray, strata: np.ndarray, size: int) -> np.ndarray:
    """Returns the positions, ascending, of the texts of lowest key.

    The first text of each stratum is among them, as far as `size` goes.
    """
    by_stratum = np.lexsort((order, strata))
    is_first = np.ones(len(order), bool)
    is_first[by_stratum[1:]] = np.diff(strata[by_stratum]) != 0
    return np.sort(np.lexsort((order, ~is_first))[:size])


def keys(hashes: np.ndarray, seed: int, purpose: int) -> np.ndarray:
    """Returns a uniform uint64 for each text that depends on seed and purpose."""
    salt = mix(np.uint64(seed % 2**64) + mix(np.array([purpose], np.uint64)))
    return mix(hashes[:, 0] ^ mix(hashes[:, 1] + salt))


def mix(x: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64 (Steele, Lea and Flood, 2014), of a uint64 array."""
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def cut(
    order: np.ndarray, strata: np.ndarray, validation: float, test: float
) -> np.ndarray:
    """Stratified cut into splits: each stratum keeps its share in all of them.

    Within a stratum the texts of lowest key are the test texts and those of highest
    key the validation texts: as rows are added, none moves between these two. A
    stratum always leaves its first text to train.

    Args:
      order: uint64 [n], a key for each text, of distinct texts.
      strata: int [n], the stratum of each text, from 0.
      validation: the fraction to cut; 0 cuts none, more cuts one text at least.
      test: likewise.

    Returns:
      int8 [n]: 0 train, 1 validation, 2 test.
    """
    counts = np.bincount(strata) if len(strata) else np.zeros(1, np.int64)
    room = np.maximum(counts - 1, 0)
    tests = apportion(counts, test, room)
    validations = apportion(counts, validation, room - tests)
    by_stratum = np.lexsort((order, strata))
    ends = np.cumsum(counts)
    rank = np.arange(len(order)) - np.repeat(ends - counts, counts)
    from_end = np.repeat(counts, counts) - rank
    splits = np.zeros(len(order), np.int8)
    splits[by_stratum[from_end <= np.repeat(validations, counts)]] = 1
    splits[by_stratum[rank < np.repeat(tests, counts)]] = 2
    return splits


def apportion(counts: np.ndarray, fraction: float, room: np.ndarray) -> np.ndarray:
    """Shares out `fraction` of all by largest remainder, at most `room` to each."""
    if not fraction:
        return np.zeros(len(counts), np.int64)
    total = min(max(1, int(counts.sum() * fraction + 0.5)), room.sum())
    exact = counts * fraction
    shares = np.minimum(np.floor(exact + 1e-9).astype(np.int64), room)
    while shares.sum() < total:
        open_to = np.flatnonzero(shares < room)
        remainders = (exact - shares)[open_to]
        best = open_to[np.argsort(-remainders, kind="stable")]
        shares[best[: total - shares.sum()]] += 1
    return shares


def strata_of(numbers: np.ndarray, offsets: np.ndarray, num_labels: int) -> np.ndarray:
    """Returns the stratum of each text that has any number of labels.

    It is the text's rarest label, so that the rarest labels are shared out best; the
    texts without a label are the last stratum.

    Args:
      numbers: int [sum of lengths], the labels of all texts, one after the other.
      offsets: int64 [n + 1], where each text's labels begin and end.
      num_labels: how many labels there are.

    Returns:
      int64 [n].
    """
    frequency = np.bincount(numbers, minlength=num_labels)
    rarity = np.empty(num_labels + 1, np.int64)  # label -> its place by frequency
    by_frequency = np.argsort(frequency, kind="stable")
    rarity[by_frequency] = np.arange(num_labels)
    by_frequency = np.append(by_frequency, num_labels)
    strata = np.full(len(offsets) - 1, num_labels, np.int64)
    rows = np.repeat(np.arange(len(strata)), np.diff(offsets))
    np.minimum.at(strata, rows, rarity[numbers])
    return by_frequency[strata]


def move_only_texts(
    indices: dict[str, np.ndarray],
    numbers: np.ndarray,
    offsets: np.ndarray,
    num_train: int,
) -> None:
    """Moves a text to train for each label that train had lost to the other splits.

    With several labels a text, the cut leaves a text of each stratum to train, but not
    of each label. Only rows of the training source, below `num_train`, move.
    """
    rows = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    for name in ("validation", "test"):
        in_train = np.isin(rows, indices["train"])
        lost = ~np.isin(numbers, numbers[in_train]) & (rows < num_train)
        lost &= np.isin(rows, indices[name])
        _, places = np.unique(numbers[lost], return_index=True)
        moved = rows[lost][places]
        indices["train"] = np.union1d(indices["train"], moved)
        indices[name] = np.setdiff1d(indices[name], moved)
