"""Pairs of texts on disk, cut into splits: preparation, records and data set."""

import json
import pathlib
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence

import numpy as np

from tfm import errors
from tfm import files
from tfm import interfaces
from tfm.data import columns as columns_module
from tfm.data import labeled_rows
from tfm.data import parallel_rows
from tfm.data import prepared
from tfm.data import records_file
from tfm.data import splits
from tfm.data import store

_SPLITS = ("train", "validation", "test")
_ROWS = 4096  # read at a time


def prepare(config, folder: pathlib.Path) -> None:
    """Writes records.arrow, the splits and meta.json, or checks that they are the same.

    Args:
      config: a ParallelText with its columns named.
      folder: appears whole or not at all.

    Raises:
      UserError: of a mistake in the sources, or the folder was made of others.
    """
    meta_path = folder / "meta.json"
    if meta_path.exists():
        prepared.check_same(config, json.loads(meta_path.read_text("utf-8")), folder)
        return
    with files.whole(folder) as partial:
        found = prepared.sources_of(config, _files(config), "whole")
        meta = _write(config, partial) | found
        (partial / "meta.json").write_text(
            json.dumps(meta, indent=1, ensure_ascii=False), "utf-8"
        )


def _files(config) -> dict[str, str]:
    """The sources by name, two of `FILE,FILE`."""
    found = {}
    for name in _SPLITS:
        spec = getattr(config, name)
        first, second = (spec and parallel_rows.aligned(spec)) or (spec, "")
        found[name] = first
        if second:
            found[f"{name} target"] = second
    return found


def _write(config, folder: pathlib.Path) -> dict:
    """Writes all but meta.json, which it returns without what it was made of."""
    hashes, both, ends, tallies = bytearray(), bytearray(), [], {}
    with records_file.Writer(folder / "records.arrow", ("text", "target")) as writer:
        for name in _SPLITS:
            if spec := getattr(config, name):
                tally = tallies[name] = labeled_rows.Tally()
                with labeled_rows.reading(name, tally):
                    for pair in parallel_rows.pairs(config, spec, tally):
                        hashes += splits.digest(pair.text)
                        both += splits.digest(f"{pair.text}\n\0{pair.target}")
                        writer.add(*pair[:4])
            ends.append(len(writer))
    texts = np.frombuffer(hashes, np.uint64).reshape(-1, 2)
    pairs = np.frombuffer(both, np.uint64).reshape(-1, 2)
    indices, dropped = _assign(config, texts, pairs, ends)
    for name, rows in indices.items():
        np.save(folder / f"{name}.npy", rows)
    if not len(indices["validation"]):
        raise errors.UserError(
            "No pair is left for validation, by which the best checkpoint is picked. "
            "Give more pairs, --data.validation=FILE, or a --data.validation_fraction "
            f"above 0. {config.train} has {tallies['train'].read:,} pairs."
        )
    if not len(indices["train"]):
        raise errors.UserError(
            f"No pair is left to train on: all {tallies['train'].read:,} texts of "
            f"{config.train} are in the validation or test source too."
        )
    return {
        "sources": {
            name: {"spec": getattr(config, name), **vars(tally)}
            for name, tally in tallies.items()
        },
        "dropped": dropped,
        "sizes": {name: len(rows) for name, rows in indices.items()},
    }


def _assign(config, texts: np.ndarray, pairs: np.ndarray, ends: Sequence[int]):
    """The rows of each split, and how many were dropped from train, by reason.

    Args:
      config: says how to cut.
      texts: hashes of the texts, uint64 [n, 2].
      pairs: hashes of texts and targets, likewise.
      ends: where the rows of each source end.
    """
    number = splits.first_of(texts)  # the first row with the text
    places = np.arange(len(texts))
    first = places == number
    first[ends[0] :] = True  # other sources stay as they are
    kept = np.flatnonzero(first)
    zeros = np.zeros(len(kept), np.uint64)
    indices, dropped = splits.assign(
        texts[kept],
        zeros.astype(np.int64),
        zeros,
        np.searchsorted(kept, ends),
        seed=config.split_seed,
        validation=0 if config.validation else config.validation_fraction,
        test=0 if config.test else config.test_fraction,
        max_examples=config.max_examples,
    )
    indices = {name: kept[rows] for name, rows in indices.items()}
    repeated = (splits.first_of(pairs) != places) & (places < ends[0])
    rest = places[: ends[0]][~first[: ends[0]] & ~repeated[: ends[0]]]
    for name, rows in indices.items():  # further targets go where their text is
        further = rest[np.isin(number[rest], rows[rows < ends[0]])]
        indices[name] = np.sort(np.append(rows, further))
    dropped = {
        "duplicates": int(repeated.sum()),
        "held_out": dropped["held_out"],
        "not_sampled": dropped["not_sampled"],
    }
    return indices, dropped


class Records(records_file.Records):
    """The pairs of a prepared folder; see store.Records."""

    def rows(self, indices: Sequence[int] | np.ndarray) -> list[dict[str, str]]:
        """Text and target of these records, in this order."""
        texts = self._file.values("text", indices)
        targets = self._file.values("target", indices)
        return [
            {"text": text, "target": target}
            for text, target in zip(texts, targets, strict=True)
        ]


class ParallelDataset:
    """Prepared pairs as a data set; see interfaces.Dataset.

    Args:
      records: texts, targets and splits.

    Attributes:
      columns: target, as text.
    """

    preprocessor = None

    def __init__(self, records: Records):
        self._records = records
        self._cuts = []
        self.columns = {"target": columns_module.PlainText()}
        self.sources = records.sources

    def training_rows(self) -> Iterator[interfaces.Row]:
        """The pairs of the training split in the order of the files."""
        numbers = self._records.splits["train"]
        for start in range(0, len(numbers), _ROWS):
            yield from self._records.rows(numbers[start : start + _ROWS])

    def encode(
        self, preprocessor: interfaces.Preprocessor, folder: pathlib.Path
    ) -> dict[str, "ParallelSplit"]:
        """The splits, encoded into folder/tokens."""
        arrays = store.write(
            self._records, preprocessor, pathlib.Path(folder) / "tokens"
        )
        train = self._records.splits["train"]
        self._cuts = store.cuts_of(preprocessor, arrays, train)
        return {
            name: ParallelSplit(self._records, arrays, numbers)
            for name, numbers in self._records.splits.items()
        }

    def summary(self) -> list[str]:
        """Lines for a human: what was read, dropped, kept, unknown and cut."""
        lines = []
        for name, source in self._records.meta["sources"].items():
            line = f"{name} source {source['spec']}: {source['read']:,} pairs"
            for reason, count in source["skipped"].items():
                line += f", {count:,} skipped: {reason}"
            lines.append(line)
        dropped = self._records.meta["dropped"]
        parts = [
            (dropped["duplicates"], "pairs that are there before"),
            (dropped["held_out"], "texts in the validation or test source"),
            (dropped["not_sampled"], "texts beyond max_examples"),
        ]
        parts = [f"{count:,} {why}" for count, why in parts if count]
        if parts:
            lines.append(f"dropped from train: {', '.join(parts)}")
        sizes = self._records.meta["sizes"].items()
        lines += [f"{name}: {size:,} pairs" for name, size in sizes]
        return [*lines, *(cut.summary() for cut in self._cuts)]

    def left_out(self) -> list[str]:
        """Lines for a human: what was not used because of a setting."""
        lines = []
        for source in self._records.meta["sources"].values():
            for reason, count in source["skipped"].items():
                rows = f"{count:,} of {source['read']:,} pairs of {source['spec']}"
                lines.append(f"{rows} were skipped: {reason}")
        if count := self._records.meta["dropped"]["not_sampled"]:
            cap = self._records.meta["config"]["max_examples"]
            lines.append(
                f"{count:,} texts were not used (--data.max_examples={cap}; none takes "
                "them all)"
            )
        return [*lines, *(line for cut in self._cuts for line in cut.left_out())]


class ParallelSplit:
    """The pairs of a split; see interfaces.Split.

    Args:
      records: of all splits.
      arrays: {name: StoredArray} of all records.
      numbers: the records of the split, int64 [n].
    """

    def __init__(
        self,
        records: Records,
        arrays: Mapping[str, store.StoredArray],
        numbers: np.ndarray,
    ):
        self._records, self._arrays, self._numbers = records, arrays, numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def take(self, indices: np.ndarray) -> dict[str, np.ndarray | list[np.ndarray]]:
        """The stored arrays, and seed_row: the record's number."""
        numbers = self._numbers[indices]
        found = {name: array.take(numbers) for name, array in self._arrays.items()}
        return {**found, "seed_row": numbers}

    def rows(self, indices: np.ndarray) -> list[interfaces.Row]:
        return self._records.rows(self._numbers[indices])

    def origins(self, indices: np.ndarray) -> list[str]:
        return self._records.origins(self._numbers[indices])
