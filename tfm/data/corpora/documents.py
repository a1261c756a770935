"""Rows of the sources of a corpus -> cleaned documents, each with its place.

Whoever prepares a corpus, one process or a cluster, agrees on what is in here.
"""

import collections
import dataclasses
import math
import typing
from collections.abc import Iterator
from collections.abc import Mapping

import numpy as np

from tfm.data import row_texts
from tfm.data import splits
from tfm.data.corpora import cleaning
from tfm.data.corpora import settings
from tfm.data.corpora import shard_buffer
from tfm.data.corpora import source_files
from tfm.data.readers import folders
from tfm.data.readers import formats
from tfm.data.readers import sources
from tfm.data.readers import streams

_SKIPPED = "skipped: "  # before the reason, in counts
_KINDS = {"lines": "line", "parts": "part", "files": "whole file"}
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
        files = source_files.files(config, spec)
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
      counts: is counted up, by what a row was and what became of it; see `dropped`.
      start: a document that was read before; those after it are yielded.

    Raises:
      UserError: of a bad row where `config.bad_rows` is stop, and what
        `sources.read` raises.
    """
    at_least = config.min_characters if config.drops(unit.source) else 1
    clean = cleaning.Cleaner(config.unicode, at_least, counts)
    offset = start.offset + len(start.text) if start else 0
    limit = config.max_documents if unit.source == "train" else None
    for origin, number, row in _rows(config, unit, start):
        if limit is not None and counts["documents"] >= limit:
            return
        counts["rows"] += 1
        if kind := _kind(config, unit, origin >> _LINE_BITS):
            counts[kind] += 1
        text, problem = text_of(config, row)
        if problem:
            counts[f"{_SKIPPED}{problem.partition(':')[0]}"] += 1
            continue
        text = clean(text)
        if text:
            counts["documents"] += 1
            yield Document(text, splits.digest(text), offset, origin, number)
            offset += len(text)


def text_of(config: settings.CorpusSettings, row: formats.Row) -> tuple[str, str]:
    """A row's text as it is, or what is wrong with it; "" where it has none.

    Raises:
      UserError: of a bad row where `config.bad_rows` is stop.
    """
    text, problem = "", row.problem
    if problem == streams.EmptyFileError.problem:
        return "", ""
    if not problem:
        value = row.values[config.text]
        text, problem = row_texts.string_of(value, config.encoding)
    if problem and config.bad_rows == "stop":
        raise row_texts.error(row.origin, row.line, problem, config.encoding)
    return text, problem


def _kind(config: settings.CorpusSettings, unit: Unit, number: int) -> str:
    """The count that a row of plain text adds to; of a table none.

    Args:
      number: of its file, among those of all sources.
    """
    format = unit.files[number - unit.first_file].format if unit.files else ""
    if format == "text":
        return "lines" if config.part_end is None else "parts"
    return "files" if format == "whole" else ""


def _rows(config, unit: Unit, start: Document | None):
    """Yields origin, number in the file and row, from behind `start` on."""
    first = start.origin >> _LINE_BITS if start else unit.first_file
    for number in range(first, unit.first_file + len(unit.files or (None,))):
        behind = start.row if start and number == first else -1
        for i, row in enumerate(_of_file(config, unit, number - unit.first_file)):
            if i > behind:
                yield origin_of(number, row.line), i, row


def _of_file(config, unit: Unit, place: int):
    reading = sources.Reading.of(config, problems=True, part_end=config.part_end)
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


def dropped(counts: Mapping[str, int], fields: Mapping) -> dict[str, int]:
    """The documents of a source that were not used, by reason.

    Args:
      counts: of the source, as `read` and the engines count them.
      fields: of the corpus, by name.
    """
    reasons = {
        "empty": "empty",
        "short": f"shorter than min_characters={fields.get('min_characters')}",
        "duplicates": "duplicates",
        "held_out": "in a held-out source",
    }
    found = {why: counts[n] for n, why in reasons.items() if counts.get(n)}
    skipped = (n for n in sorted(counts) if n.startswith(_SKIPPED))
    return found | {f"bad rows ({n[len(_SKIPPED) :]})": counts[n] for n in skipped}


def emptied(counts: Mapping[str, int], fields: Mapping) -> str:
    """One sentence on which rules left no document of a source.

    Args: as of `dropped`.
    """
    rows = counts.get("rows", 0)
    if not rows:
        return "it has no text."
    found = dropped(counts, fields)
    if sum(found.values()) < rows:
        setting = f"--data.validation_fraction={fields['validation_fraction']}"
        return f"what it has came to validation ({setting})."
    parts = [f"{n:,} of {rows:,} documents are {why}" for why, n in found.items()]
    cure = " Lower --data.min_characters." if counts.get("short") else ""
    return f"{'; '.join(parts)}.{cure}"


def show_counts(
    spec: str, source: str, counts: Mapping[str, int], fields: Mapping
) -> list[str]:
    """Returns lines for a human about one source.

    Args:
      spec: the source.
      source: the split that it is named for.
      counts: as of `dropped`.
      fields: likewise.
    """
    count = collections.Counter(counts)
    kinds = {shown: count[kind] for kind, shown in _KINDS.items()}
    kinds = {"row": count["rows"] - sum(kinds.values())} | kinds
    kinds = [f"{n:,} {kind}{'s' * (n > 1)}" for kind, n in kinds.items() if n]
    line = f"{source} source {spec}: {' and '.join(kinds) or 'no rows'} as documents"
    if count["files"] and fields.get("document") == "auto":  # nobody asked for it
        line += " (--data.document=row takes each line)"
    drops = [f"{number:,} {why}" for why, number in dropped(counts, fields).items()]
    changed = [
        (count["unicode"], "to one Unicode form"),
        (count["control"], "with control characters or other line ends"),
        (count["long"], "long, tokenized in pieces"),
    ]
    changed = [f"{number:,} {why}" for number, why in changed if number]
    lines = [line]
    for what, parts in (("dropped", drops), ("changed", changed)):
        if parts:
            lines.append(f"{what} of {source}: {', '.join(parts)}")
    return lines
