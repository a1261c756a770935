"""Facts of the examples: lengths, what is cut off, padding, unknown words, copies."""

import dataclasses
import typing
from collections.abc import Mapping

import numpy as np

from tfm import interfaces
from tfm.data import cuts
from tfm.preflight import near_duplicates

PERCENTS = (5, 50, 90, 95, 99, 100)
_MEASURED = 1000  # rows of train whose lengths are measured
_COMPARED = 30_000  # texts of a split that are compared with those of others
_CHARACTERS = 20_000  # of a text that are compared


@typing.runtime_checkable
class ReadsRows(typing.Protocol):
    """A dataset that gives its rows by split before they are encoded."""

    sizes: Mapping[str, int]

    def reads(self, split: str, indices: np.ndarray) -> list[interfaces.Read]: ...


@dataclasses.dataclass(frozen=True)
class Lengths:
    """Lengths of the rows of an array before they are cut, and what is lost.

    Attributes:
      unit: of what they are, such as tokens.
      rows: that were measured.
      percentiles: by percent, as of PERCENTS.
      lines: for a human, on what is cut off and unknown.
    """

    unit: str
    rows: int
    percentiles: Mapping[int, int]
    lines: list[str]


def lengths(
    preprocessor: interfaces.Preprocessor, split: interfaces.Split
) -> list[Lengths]:
    """Lengths of the training rows, or of a sample of them, by stored array.

    A preprocessor that does not count them (cuts.Measures) has none.
    """
    if not isinstance(preprocessor, cuts.Measures) or not len(split):
        return []
    rows = split.rows(_spread(len(split), _MEASURED))
    _, counts = preprocessor.encode_measured(rows)
    found = []
    for name, array in counts.items():
        unit, _ = preprocessor.limits[name]
        told = reversed(cuts.told(preprocessor, {name: array}))  # the cut first
        lines = [part.summary() for part in told]
        found.append(Lengths(unit, len(rows), percentiles(array["whole"]), lines))
    return found


def percentiles(values: np.ndarray) -> dict[int, int]:
    """Whole numbers, by percent, that so many of the values do not exceed."""
    found = np.percentile(values, PERCENTS, method="inverted_cdf")
    return dict(zip(PERCENTS, found.astype(int).tolist(), strict=True))


def padding(
    batch: interfaces.Arrays, specs: Mapping[str, interfaces.Spec]
) -> dict[str, float]:
    """The share of each array of ids of a batch that is padding, id 0."""
    return {
        name: float(np.mean(np.asarray(batch[name]) == 0))
        for name, spec in specs.items()
        if spec.size and len(spec.shape) == 1 and name in batch
    }


@dataclasses.dataclass(frozen=True)
class Copies:
    """Texts that stand in two splits.

    Attributes:
      lines: for a human, a line for two splits each; none where there are none.
      compared: texts by split.
    """

    lines: list[str]
    compared: Mapping[str, int]


def copies(
    dataset, splits: Mapping[str, interfaces.Split] | None, columns: interfaces.Kinds
) -> Copies:
    """The same and nearly the same texts in two splits.

    Args:
      dataset: whose rows are compared where it gives them.
      splits: else their rows are.
      columns: of the inputs; texts are those of kind text.
    """
    names = sorted(name for name, kinds in columns.items() if "text" in kinds)
    reads = {}
    if isinstance(dataset, ReadsRows):
        for name, size in dataset.sizes.items():
            reads[name] = dataset.reads(name, _spread(size, _COMPARED))
    elif splits:
        for name, split in splits.items():
            places = _spread(len(split), _COMPARED)
            rows, origins = split.rows(places), split.origins(places)
            reads[name] = list(map(interfaces.Read, rows, rows, origins))
    texts = {
        split: [_joined(read.row, names) for read in own]
        for split, own in reads.items()
        if names
    }
    found: dict[tuple[str, str], list[near_duplicates.Pair]] = {}
    for pair in near_duplicates.between(texts):
        found.setdefault((pair.first[0], pair.second[0]), []).append(pair)
    lines = [_told(pairs, reads) for pairs in found.values()]
    return Copies(lines, {name: len(own) for name, own in texts.items()})


def _told(pairs: list[near_duplicates.Pair], reads) -> str:
    """A line on the texts that two splits share, with the likest two."""
    best = pairs[0]
    first, second = (reads[name][i] for name, i in (best.first, best.second))
    same = sum(pair.similarity == 1.0 for pair in pairs)
    are = "text" if len(pairs) == 1 else "texts"
    of_these = f", {same:,} of them the same" if same else ""
    return (
        f"leak: {len(pairs):,} {are} of {best.second[0]} nearly in {best.first[0]}"
        f"{of_these}, as {second.origin} and {first.origin} "
        f"(similarity {best.similarity:.2f})"
    )


def _joined(row: interfaces.Row, names: list[str]) -> str:
    return "\n".join(str(row[name])[:_CHARACTERS] for name in names if name in row)


def _spread(size: int, most: int) -> np.ndarray:
    """Places of all rows, or of so many, evenly over them."""
    places = np.linspace(0, size - 1, min(size, most)) if size else np.zeros(0)
    return np.unique(places.astype(np.int64))
