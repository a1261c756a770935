"""Prepares a corpus as an Apache Beam pipeline, for corpora beyond one machine.

Every worker must reach the sources and the store's folder by the same path. The store
is the same, byte for byte, that `local_preparation.Local` makes: what a document
becomes, and which shard it goes to, depends on its place and its hash alone.
"""

import collections
import json
import pathlib
import shutil
import typing
import uuid
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence

import numpy as np

from tfm import errors
from tfm import files
from tfm.data.corpora import documents
from tfm.data.corpora import settings
from tfm.data.corpora import shard_buffer
from tfm.data.corpora import shards

try:
    import apache_beam as beam
    from apache_beam.options import pipeline_options
except ModuleNotFoundError as error:
    if error.name != "apache_beam":
        raise
    raise errors.UserError(
        "Preparing with Beam needs the package apache-beam, which is not installed: "
        "pip install apache-beam"
    ) from error


class Beam:
    """An engine for Corpus.prepare.

    Args:
      flags: Beam's own, such as --runner=FlinkRunner.
    """

    def __init__(self, flags: Sequence[str] = ()):
        self._flags = list(flags)

    def scan(
        self, config: settings.CorpusSettings, work: pathlib.Path
    ) -> Iterator[shard_buffer.ShardBuffer]:
        """Yields the buffers of all texts; see local_preparation.Local."""
        finished = work / "beam.json"
        if not finished.exists():
            for path in work.glob("problem-*"):
                path.unlink()
            with self._pipeline() as pipeline:
                _scan(pipeline, config, work)
            problems = sorted(work.glob("problem-*"))
            if problems:
                raise errors.UserError(problems[0].read_text("utf-8"))
            found = sorted(path.stem for path in work.glob("*-*.index"))
            files.write_json(finished, found)
        for name in json.loads(finished.read_text("utf-8")):
            split, _, slot = name.rpartition("-")
            yield shard_buffer.ShardBuffer(work, split, int(slot))

    def encode(self, jobs: Iterable[shards.Job]) -> Iterator[dict]:
        """Yields what `shards.encode` returns for each job."""
        jobs = list(jobs)
        with self._pipeline() as pipeline:
            _ = (
                pipeline
                | "jobs" >> beam.Create([tuple(job) for job in jobs])
                | "spread jobs" >> beam.Reshuffle()
                | "tokenize" >> beam.Map(_encode)
            )
        for job in jobs:
            yield job.outcome()

    def _pipeline(self) -> beam.Pipeline:
        return beam.Pipeline(options=pipeline_options.PipelineOptions(self._flags))


def _scan(
    pipeline: beam.Pipeline, config: settings.CorpusSettings, work: pathlib.Path
) -> None:
    """Adds the steps from the sources to the buffers and counts.json."""
    units = documents.units(config)
    read = (
        pipeline
        | "units" >> beam.Create(list(enumerate(units)))
        | "spread units" >> beam.Reshuffle()
        | "read and clean"
        >> beam.ParDo(_Read(config, work)).with_outputs("sizes", "counts", main="found")
    )
    offsets = (
        read.sizes
        | "all sizes" >> beam.combiners.ToList()
        | "offsets" >> beam.Map(_offsets, units)
    )
    keep = beam.ParDo(_Keep(config, units), beam.pvalue.AsSingleton(offsets))
    kept = (
        read.found
        | "by hash" >> beam.GroupByKey()
        | "drop duplicates" >> keep.with_outputs("counts", main="pieces")
    )
    _ = (
        kept.pieces
        | "by slot" >> beam.GroupByKey()
        | "write buffers" >> beam.Map(_write_buffer, str(work))
    )
    _ = (
        (read.counts, kept.counts)
        | "all counts" >> beam.Flatten()
        | "add up" >> beam.CombinePerKey(sum)
        | "list counts" >> beam.combiners.ToList()
        | "write counts" >> beam.Map(_write_counts, config, str(work))
    )


@beam.typehints.with_output_types(tuple[int, typing.Any])
class _Read(beam.DoFn):
    """A unit -> its documents by hash; its size; and counts by source and step."""

    def __init__(self, config: settings.CorpusSettings, work: pathlib.Path):
        self._config = config
        self._work = str(work)

    def process(self, element):
        number, unit = element
        counts = collections.Counter()
        size = 0
        try:
            for document in documents.read(self._config, unit, counts):
                size = document.offset + len(document.text)
                key = int(np.frombuffer(document.digest[:8], "<u8")[0])
                # Beam's keys are signed
                yield key - 2**63, (number, *document)
        except errors.UserError as error:
            path = pathlib.Path(self._work) / f"problem-{number:08d}"
            path.write_text(str(error), "utf-8")
        yield beam.pvalue.TaggedOutput("sizes", (number, size))
        for name, count in counts.items():
            yield beam.pvalue.TaggedOutput("counts", ((unit.source, name), int(count)))


def _offsets(
    sizes: list[tuple[int, int]], units: list[documents.Unit]
) -> dict[int, int]:
    """Unit -> the characters before it in its source."""
    found, ends = {}, collections.Counter()
    for number, size in sorted(sizes):
        found[number] = ends[units[number].source]
        ends[units[number].source] += size
    return found


@beam.typehints.with_output_types(tuple[tuple[str, int], typing.Any])
class _Keep(beam.DoFn):
    """The documents of a hash -> the pieces of those that are kept, by slot."""

    def __init__(self, config: settings.CorpusSettings, units: list[documents.Unit]):
        self._config = config
        self._sources = [unit.source for unit in units]
        self._rank = {source: i for i, source in enumerate(config.sources())}

    def process(self, element, offsets: dict[int, int]):
        _, values = element
        places = collections.Counter()  # of the documents, by source
        first = None
        for number, _, _, offset, *_ in values:
            places[self._sources[number]] += 1
            first = min(first or (number, offset), (number, offset))
        source = min(places, key=self._rank.get)
        deduplicate = self._config.deduplicate and self._config.drops(source)
        counts = collections.Counter()
        for number, *fields in values:
            document = documents.Document(*fields)
            is_first = (number, document.offset) == first
            in_source = self._sources[number] == source
            if is_first or in_source and not deduplicate:
                yield from self._pieces(number, document, offsets[number], counts)
        for other, count in places.items():
            if other != source:
                counts["held_out"] = count
                yield from _tagged(other, {"held_out": count})
            elif deduplicate and count > 1:
                yield from _tagged(source, {"duplicates": count - 1})
        yield from _tagged(source, {"long": counts["long"]})

    def _pieces(self, number: int, document, base: int, counts):
        config = self._config
        document = document._replace(offset=base + document.offset)
        hashes = np.frombuffer(document.digest, "<u8").reshape(1, 2)
        to_validation = bool(documents.validation_keys(config, hashes)[0])
        key = int(documents.sample_keys(config, hashes)[0])
        found = documents.pieces(
            config, self._sources[number], document, to_validation, counts
        )
        for i, piece in enumerate(found):
            order = (document.offset, i)
            # the key has 64 bits without a sign, as a string for Beam's coder
            text = (piece.text, document.origin, str(key), tuple(piece.place))
            yield (piece.split, piece.slot), (order, text)


def _tagged(source: str, counts: dict[str, int]):
    for name, count in counts.items():
        if count:
            yield beam.pvalue.TaggedOutput("counts", ((source, name), int(count)))


def _write_buffer(element, work: str) -> None:
    """Writes the buffer of a slot whole, however often it is tried."""
    (split, slot), values = element
    final = shard_buffer.ShardBuffer(pathlib.Path(work), split, slot)
    scratch = pathlib.Path(work) / f"scratch-{uuid.uuid4().hex}"
    scratch.mkdir()
    partial = shard_buffer.ShardBuffer(scratch, split, slot)
    writer = shard_buffer.Writer(partial)
    ordered = sorted(values, key=lambda value: value[0])
    writer.add(
        shard_buffer.Text(text, origin, int(key), shard_buffer.Place(*place))
        for _, (text, origin, key, place) in ordered
    )
    writer.close()
    partial.text.replace(final.text)
    partial.index.replace(final.index)
    shutil.rmtree(scratch)


def _write_counts(
    counts: list[tuple[tuple[str, str], int]],
    config: settings.CorpusSettings,
    work: str,
) -> None:
    body = {source: {} for source in config.sources()}
    for (source, name), count in counts:
        body[source][name] = count
    files.write_json(pathlib.Path(work) / "counts.json", body)


def _encode(fields: tuple) -> None:
    job = shards.Job(*fields)
    shards.encode(job, shards.encoder_of(job.store))
