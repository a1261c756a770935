"""Prepares a corpus in processes of this machine.

One process reads, cleans and drops duplicates; others tokenize what it has put in
shard buffers. A journal holds how far the reading is, so that it goes on from there.
"""

import collections
import json
import pathlib
from collections.abc import Iterable
from collections.abc import Iterator

import numpy as np

from tfm import files
from tfm.data.corpora import documents
from tfm.data.corpora import seen
from tfm.data.corpora import settings
from tfm.data.corpora import shard_buffer
from tfm.data.corpora import shard_workers
from tfm.data.corpora import shards
from tfm.data.readers import meter

_BATCH_DOCUMENTS = 2048
_BATCH_CHARACTERS = 2**21


class Local:
    """The engine that Corpus.prepare takes for itself.

    Args:
      workers: processes that tokenize; 0: one for each processor core.
    """

    def __init__(self, workers: int = 0):
        self._workers = workers

    def scan(
        self, config: settings.CorpusSettings, work: pathlib.Path
    ) -> Iterator[shard_buffer.ShardBuffer]:
        """Yields the buffers as they are complete; then work/counts.json is there.

        Within a split they come in the order of their slots.
        """
        scan = _Scan(config, work)
        try:
            yield from scan.run()
        finally:
            scan.close()

    def encode(self, jobs: Iterable[shards.Job]) -> Iterator[dict]:
        """Yields what `shards.encode` returns for each job, in any order."""
        return shard_workers.run(jobs, self._workers)


class _Scan:
    def __init__(self, config: settings.CorpusSettings, work: pathlib.Path):
        self._config = config
        self._work = work
        self._journal = work / "journal.json"
        state = json.loads(self._journal.read_text()) if self._journal.exists() else {}
        self._counts = {
            source: collections.Counter(state.get("counts", {}).get(source, {}))
            for source in config.sources()
        }
        self._complete = [tuple(entry) for entry in state.get("complete", [])]
        self._unit = state.get("unit", 0)
        self._start = None
        if state.get("start"):
            offset, origin, row = state["start"]
            self._start = documents.Document("", b"", offset, origin, row)
        self._writers: dict[str, shard_buffer.Writer] = {}
        for split, (slot, *size) in state.get("open", {}).items():
            self._writers[split] = shard_buffer.Writer(
                self._buffer(split, slot), tuple(size)
            )
        self._seen, self._seen_files = {}, {}
        for source in config.sources():
            path = work / f"seen-{source}.u64"
            size = state.get("seen", {}).get(source, 0)
            path.touch()
            self._seen[source] = seen.Seen(np.fromfile(path, "<u8", size))
            self._seen_files[source] = path.open("ab")
            self._seen_files[source].truncate(size * 8)

    def run(self) -> Iterator[shard_buffer.ShardBuffer]:
        for split, slot in self._complete:
            yield self._buffer(split, slot)
        noted = len(self._complete)
        units = documents.units(self._config)
        left = [f.path for u in units[self._unit :] for f in u.files or ()]
        meter.present.begin(left)
        while self._unit < len(units):
            unit = units[self._unit]
            for batch in self._batches(unit):
                self._add(unit.source, batch)
                last = batch[-1]
                offset = last.offset + len(last.text)
                self._start = documents.Document("", b"", offset, *last[3:])
                if len(self._complete) > noted:
                    self._note()
                    for split, slot in self._complete[noted:]:
                        yield self._buffer(split, slot)
                    noted = len(self._complete)
            self._next_unit(units)
        for split in self._config.splits():
            self._close(split)
        files.write_json(self._work / "counts.json", self._counts)
        self._note()
        for split, slot in self._complete[noted:]:
            yield self._buffer(split, slot)

    def close(self) -> None:
        for file in (*self._writers.values(), *self._seen_files.values()):
            file.close()

    def _batches(self, unit: documents.Unit) -> Iterator[list[documents.Document]]:
        batch, characters = [], 0
        found = documents.read(
            self._config, unit, self._counts[unit.source], self._start
        )
        for document in found:
            batch.append(document)
            characters += len(document.text)
            if len(batch) == _BATCH_DOCUMENTS or characters > _BATCH_CHARACTERS:
                yield batch
                batch, characters = [], 0
        if batch:
            yield batch

    def _next_unit(self, units: list[documents.Unit]) -> None:
        """Goes on to the next unit; offsets count on within a source."""
        source = units[self._unit].source
        self._unit += 1
        goes_on = self._unit < len(units) and units[self._unit].source == source
        if goes_on and self._start:
            # as if the last document had been in the row before the first one
            origin = documents.origin_of(units[self._unit].first_file, 0)
            self._start = self._start._replace(origin=origin, row=-1)
        else:
            self._start = None

    def _add(self, source: str, batch: list[documents.Document]) -> None:
        """Puts the documents that are kept into the buffers of their splits."""
        config, counts = self._config, self._counts[source]
        digests = b"".join(document.digest for document in batch)
        hashes = np.frombuffer(digests, "<u8").reshape(-1, 2)
        held_out = np.zeros(len(batch), bool)
        for other, before in self._seen.items():
            if other == source:
                break
            held_out |= before.holds(hashes[:, 0])
        counts["held_out"] += int(held_out.sum())
        kept = ~held_out
        deduplicate = config.deduplicate and config.drops(source)
        if deduplicate or source != "train":  # train comes last
            new = np.zeros(len(batch), bool)
            new[kept] = self._seen[source].add(hashes[kept, 0])
            self._seen_files[source].write(hashes[new, 0].tobytes())
            if deduplicate:
                counts["duplicates"] += int((kept & ~new).sum())
                kept = new
        to_validation = documents.validation_keys(config, hashes).tolist()
        keys = documents.sample_keys(config, hashes).tolist()
        by_file = collections.defaultdict(list)
        for i in np.flatnonzero(kept).tolist():
            document = batch[i]
            for piece in documents.pieces(
                config, source, document, to_validation[i], counts
            ):
                text = (piece.text, document.origin, keys[i], piece.place)
                by_file[piece.split, piece.slot].append(shard_buffer.Text(*text))
        for (split, slot), texts in sorted(by_file.items(), key=lambda item: item[0]):
            if split in self._writers and self._writers[split].buffer.slot != slot:
                self._close(split)
            if split not in self._writers:
                self._writers[split] = shard_buffer.Writer(self._buffer(split, slot))
            self._writers[split].add(texts)

    def _close(self, split: str) -> None:
        if split in self._writers:
            writer = self._writers.pop(split)
            writer.close()
            self._complete.append((split, writer.buffer.slot))

    def _buffer(self, split: str, slot: int) -> shard_buffer.ShardBuffer:
        return shard_buffer.ShardBuffer(self._work, split, slot)

    def _note(self) -> None:
        """Writes the journal: all that is before it is on disk."""
        for writer in self._writers.values():
            writer.flush()
        for file in self._seen_files.values():
            file.flush()
        start = self._start
        body = {
            "unit": self._unit,
            "start": (start.offset, start.origin, start.row) if start else None,
            "counts": self._counts,
            "complete": self._complete,
            "open": {
                split: (writer.buffer.slot, *writer.size)
                for split, writer in self._writers.items()
            },
            "seen": {name: f.tell() // 8 for name, f in self._seen_files.items()},
        }
        files.write_json(self._journal, body)
