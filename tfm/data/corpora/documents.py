"""Rows of the sources of a corpus -> cleaned documents, each with its place.

Whoever prepares a corpus, one process or a cluster, agrees on what is in here.
"""

import collections
import dataclasses
import math
import typing
from collections.abc import Iterator

import numpy as np

from tfm.data import row_texts
from tfm.data import splits
from tfm.data.corpora import cleaning
from tfm.data.corpora import settings
from tfm.data.corpora import shard_buffer
from tfm.data.readers import folders
from tfm.data.readers import locations
from tfm.data.readers import sources

_SKIPPED = "skipped: "  # before the reason, in counts
_LINE_BITS = 40  # of an origin; above them is the number of the file


class Document(typing.NamedTuple):
    text: str
    digest: bytes  # 16 bytes, see splits.digest
    offset: int  # characters of documents before it, in its source
    origin: int  # see `origin_of`
    row: int  # its row's number in the file, from 0


class Piece(typing.NamedTuple):
    """A document, or a part of one, as it goes to a split."""

    split: str
    slot: int  # which of the split's files it goes to; some may get none
    text: str
    place: shard_buffer.Place


@dataclasses.dataclass(frozen=True)
class Unit:
    """Files of a source that one process reads one after the other.

    Args:
      source: the split that the source is named for.
      files: None: a dataset of TFDS.
      first_file: the number of the first one among the files of all sources.
    """

    source: str
    files: tuple[folders.File, ...] | None
    first_file: int


def units(config: settings.CorpusSettings) -> list[Unit]:
    """All that is to be read, in order, a file at a time where that can be."""
    found, number = [], 0
    for source, spec in config.sources().items():
        if spec.startswith("tfds:"):
            found.append(Unit(source, None, number))
            number += 1
            continue
        files = locations.files(spec, config.file_format(), classes=False)
        if source == "train" and config.max_documents is not None:
            found.append(Unit(source, tuple(files), number))  # counted over the files
        else:
            found += [Unit(source, (f,), number + i) for i, f in enumerate(files)]
        number += len(files)
    return found


def names(config: settings.CorpusSettings) -> list[str]:
    """The files of all sources by number, as origins show them."""
    return [
        str(file.path) if file else config.sources()[unit.source]
        for unit in units(config)
        for file in unit.files or (None,)
    ]


def origin_of(file: int, line: int) -> int:
    return file << _LINE_BITS | line


def show_origin(origin: int, files: list[str]) -> str:
    """FILE:LINE."""
    return f"{files[origin >> _LINE_BITS]}:{origin & (1 << _LINE_BITS) - 1}"


def read(
    config: settings.CorpusSettings,
    unit: Unit,
    counts: collections.Counter,
    start: Document | None = None,
) -> Iterator[Document]:
    """Yields the cleaned documents of a unit.

    Args:
      config: of the corpus.
      unit: what to read.
      counts: is counted up; see `show_counts`.
      start: a document that was read before; those after it are yielded.

    Raises:
      UserError: of a bad row where `config.bad_rows` is stop, and what
        `sources.read` raises.
    """
    clean = cleaning.Cleaner(config.unicode, config.min_characters, counts)
    offset = start.offset + len(start.text) if start else 0
    limit = config.max_documents if unit.source == "train" else None
    for origin, number, row in _rows(config, unit, start):
        if limit is not None and counts["documents"] >= limit:
            return
        counts["rows"] += 1
        text, problem = "", row.problem
        if not problem:
            text, problem = row_texts.string_of(
                row.values[config.text], config.encoding
            )
        if problem and config.bad_rows == "stop":
            raise row_texts.error(row.origin, row.line, problem, config.encoding)
        if problem:
            counts[f"{_SKIPPED}{problem.partition(':')[0]}"] += 1
            continue
        text = clean(text)
        if text:
            counts["documents"] += 1
            yield Document(text, splits.digest(text), offset, origin, number)
            offset += len(text)


def _rows(config, unit: Unit, start: Document | None):
    """Yields origin, number in the file and row, from behind `start` on."""
    first = start.origin >> _LINE_BITS if start else unit.first_file
    for number in range(first, unit.first_file + len(unit.files or (None,))):
        behind = start.row if start and number == first else -1
        for i, row in enumerate(_of_file(config, unit, number - unit.first_file)):
            if i > behind:
                yield origin_of(number, row.line), i, row


def _of_file(config, unit: Unit, place: int):
    reading = sources.Reading.of(config)
    if unit.files is None:
        return sources.read(config.sources()[unit.source], reading)
    return sources.read_file(unit.files[place], reading)


def validation_keys(config: settings.CorpusSettings, hashes: np.ndarray) -> np.ndarray:
    """Returns whether each document of train goes to validation by its hash, bool."""
    keys = splits.keys(hashes, config.split_seed, 0)
    return keys < np.uint64(int(config.validation_fraction * 2**64))


def sample_keys(config: settings.CorpusSettings, hashes: np.ndarray) -> np.ndarray:
    """Returns what decides who is in the sample that a vocabulary is learnt from."""
    return splits.keys(hashes, config.split_seed, 2)


def pieces(
    config: settings.CorpusSettings,
    source: str,
    document: Document,
    to_validation: bool,
    counts: collections.Counter,
) -> Iterator[Piece]:
    """Yields what the splits get of a document that is kept.

    The pieces of a split follow each other. Only the ends of the document itself are
    told as such, not those where it is cut.
    """
    length = len(document.text)
    counts["long"] += length > (config.max_characters or math.inf)
    share = 1.0
    parts = {source: (0, length)}
    if source == "train" and config.cuts:
        share = config.validation_fraction
        if config.cut == "tail":
            end = int(length * (1 - share))
            parts = {"train": (0, end), "validation": (end, length)}
        elif to_validation:
            parts = {"validation": (0, length)}
    for split, (start, stop) in parts.items():
        # validation has fewer characters, so that its files hold those of more text
        offset = document.offset if split == source else int(document.offset * share)
        slot = offset // config.shard_characters
        if start == stop:
            continue
        texts = cleaning.cut(document.text[start:stop], config.max_characters)
        for i, text in enumerate(texts, 1):
            is_last = i == len(texts)
            begins, ends = i == 1 and start == 0, is_last and stop == length
            yield Piece(split, slot, text, shard_buffer.Place(begins, ends, is_last))


def left_out(counts: dict[str, int]) -> list[str]:
    """Returns what of a source was not used, by reason, as `5 duplicates`."""
    reasons = {
        "empty": "empty",
        "short": "too short",
        "duplicates": "duplicates",
        "held_out": "in a held-out source",
    }
    found = [f"{counts[n]:,} {why}" for n, why in reasons.items() if counts.get(n)]
    skipped = (n for n in sorted(counts) if n.startswith(_SKIPPED))
    return found + [f"{counts[n]:,} skipped ({n[len(_SKIPPED) :]})" for n in skipped]


def show_counts(spec: str, source: str, counts: dict[str, int]) -> list[str]:
    """Returns lines for a human about one source."""
    count = collections.Counter(counts)
    line = f"{source} source {spec}: {count['rows']:,} rows"
    for name, number in sorted(counts.items()):
        if name.startswith(_SKIPPED):
            line += f", {number:,} skipped:{name.partition(':')[2]}"
    dropped = [part for part in left_out(counts) if " skipped (" not in part]
    changed = [
        (count["unicode"], "to one Unicode form"),
        (count["control"], "with control characters or other line ends"),
        (count["long"], "long, tokenized in pieces"),
    ]
    lines = [line]
    changed = [f"{number:,} {why}" for number, why in changed if number]
    for what, parts in (("dropped", dropped), ("changed", changed)):
        if parts:
            lines.append(f"{what} of {source}: {', '.join(parts)}")
    return lines
