"""Cut of a corpus into train and validation: by document, or the tail of each.

Many texts are cut by document, so that no text is in both splits. One text alone, and a
few very long ones, of which hardly any would come to validation, are cut within: their
ends go there.
"""

import collections
import dataclasses
import itertools
import math
import typing
from collections.abc import Iterator

import numpy as np

from tfm import errors
from tfm.data import shares
from tfm.data import splits
from tfm.data.corpora import documents
from tfm.data.corpora import settings

_FEW = 10  # documents that validation would get of them
_LONG = 2_000  # characters of a tail: several windows
_STUB = 200  # of one that is too short to be worth a figure


class Cut(typing.NamedTuple):
    """Decision on a corpus, kept with its store."""

    cut: str  # document or tail
    validation_fraction: float
    line: str  # for a human


def decided(config: settings.CorpusSettings) -> Cut | None:
    """Decides on the cut by a look at the first documents; None: nothing is cut.

    They are read until they are more than a few. Of few documents that are cut by
    document, the share is exact, and one at least.

    Raises:
      UserError: the tails that are asked for are too short; what `documents.read`
        raises.
    """
    if not config.cuts:
        return None
    share = config.validation_fraction
    shown = shares.percent(share)
    by_document = f"validation (cut=document): {shown} of the documents, by their hash"
    by_tail = f"validation (cut=tail): the last {shown} of each document"
    if config.cut == "document":
        return Cut("document", share, by_document)
    most = math.ceil(_FEW / share)
    found = list(itertools.islice(_distinct(config), most))
    tail = int(share * np.mean([length for _, length in found])) if found else 0
    if config.cut == "tail":
        if len(found) > 1 and tail < _STUB:
            raise errors.UserError(
                f"data.cut=tail takes texts whose ends have {_STUB} characters or "
                f"more. Got {tail} on average for {share:g} of each document of "
                f"{config.train}. Give --data.cut=auto, or --data.document=file "
                "where a file is one text."
            )
        return Cut("tail", share, by_tail)
    if len(found) == 1:
        return Cut("tail", share, f"{by_tail}, as there is one")
    if len(found) == most:
        return Cut("document", share, by_document)
    if tail >= _LONG:
        of_each = f"{tail / share:,.0f} characters each"
        line = f"{by_tail}, as they are few and long: {len(found):,}, of {of_each}"
        return Cut("tail", share, line)
    return Cut("document", _exact(config, found), by_document)


def applied(config: settings.CorpusSettings, cut: dict | None):
    """The config with what was decided, of `Cut._asdict`."""
    if cut is None:
        return config
    cut = Cut(**cut)
    return dataclasses.replace(
        config, cut=cut.cut, validation_fraction=cut.validation_fraction
    )


def _distinct(config: settings.CorpusSettings) -> Iterator[tuple[bytes, int]]:
    """Yields digest and length of each document of train, once."""
    counts, seen = collections.Counter(), set()
    for unit in documents.units(config):
        if unit.source != "train":
            continue
        for document in documents.read(config, unit, counts):
            if document.digest not in seen:
                seen.add(document.digest)
                yield document.digest, len(document.text)


def _exact(config: settings.CorpusSettings, found: list[tuple[bytes, int]]) -> float:
    """The fraction of the keys' range below which the share of these documents lies."""
    if len(found) < 2:
        return config.validation_fraction
    hashes = np.frombuffer(b"".join(digest for digest, _ in found), "<u8")
    keys = np.sort(splits.keys(hashes.reshape(-1, 2), config.split_seed, 0))
    number = round(len(found) * config.validation_fraction)
    number = min(max(number, 1), len(found) - 1)
    return (int(keys[number - 1]) + int(keys[number])) / 2 / 2**64
