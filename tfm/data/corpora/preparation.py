"""Prepares the store of a corpus, or finds it done, or goes on with it.

unfinished/ in the store's folder has what is needed until it is finished: settings,
buffers and journal, and the outcome of each shard. The manifest is written last.
"""

import collections
import dataclasses
import json
import pathlib
import shutil
import typing
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping

from tfm import errors
from tfm import files
from tfm import lock
from tfm import progress
from tfm.data import fingerprints
from tfm.data.corpora import documents
from tfm.data.corpora import settings
from tfm.data.corpora import shard_buffer
from tfm.data.corpora import shards
from tfm.data.corpora import source_files
from tfm.data.corpora import store_settings
from tfm.data.corpora import stores
from tfm.data.corpora import validation_cut
from tfm.data.readers import locations
from tfm.data.readers import meter

WORK = "unfinished"
_BEGUN = "settings.json"  # in it: the beginning of the manifest
_TOKENIZER = "tokenizer"


class Engine(typing.Protocol):
    """Means of doing the work: `local_preparation.Local`, `beam_preparation.Beam`."""

    def scan(
        self, config: settings.CorpusSettings, work: pathlib.Path
    ) -> Iterable[shard_buffer.ShardBuffer]: ...
    def encode(self, jobs: Iterable[shards.Job]) -> Iterable[dict]: ...


def check(config: settings.CorpusSettings, folder: pathlib.Path) -> None:
    """Compares the config with the store in a folder, as far as it was prepared.

    Raises:
      UserError: it was prepared from other settings or files.
    """
    wanted = store_settings.of_corpus(config)
    if settings.is_finished(folder):
        store_settings.check_same(
            config, wanted, _read(folder / settings.MANIFEST), folder
        )
    elif _has_shards(folder):
        store_settings.check_same(config, wanted, _read(folder / WORK / _BEGUN), folder)


def sources(folder: pathlib.Path) -> dict[str, str]:
    """A hash of the content of each source of a whole store, by its path."""
    entries = _read(folder / settings.MANIFEST)["sources"].values()
    found = [entry for entry in entries if entry["fingerprint"]]
    return {entry["path"]: entry["fingerprint"]["content"] for entry in found}


def tokenizer_folder(folder: pathlib.Path) -> pathlib.Path | None:
    """The tokenizer of a store that has a shard; None: any other will do."""
    made = settings.is_finished(folder) or _has_shards(folder)
    return folder / _TOKENIZER if made else None


def sample(
    config: settings.CorpusSettings,
    folder: pathlib.Path,
    engine: Engine | None = None,
) -> Iterator[str]:
    """Yields texts of the training split to learn a vocabulary from.

    Args:
      config: of the corpus.
      folder: of the store, of which there is no shard yet.
      engine: what does the work; None: processes of this machine.

    Raises:
      UserError: a mistake in the files, or another process prepares the store.
    """
    if tokenizer_folder(folder):
        raise errors.UserError(f"{folder} has a vocabulary: {folder / _TOKENIZER}.")
    with _locked(folder):
        state = _begin(config, folder, store_settings.of_corpus(config))
        config = validation_cut.applied(config, state["cut"])
        buffers = (engine or _local(config)).scan(config, folder / WORK)
        with progress.phase("Reading", share=meter.present.share):
            train = [texts for texts in buffers if texts.split == "train"]
        if not train:
            raise _emptied(config, "train", _counts(folder / WORK))
        yield from _sample(train, config.vocabulary_characters)


def prepare(
    config: settings.CorpusSettings,
    preprocessor,
    folder: pathlib.Path,
    engine: Engine | None = None,
) -> None:
    """Makes the store in `folder`, or checks the one that is there.

    Args:
      config: of the corpus.
      preprocessor: with a tokenizer of tfm.inputs.text.
      folder: of the store.
      engine: what does the work; None: processes of this machine.
    """
    wanted = store_settings.of_store(config, preprocessor)
    if not settings.is_finished(folder):
        with _locked(folder):
            if not settings.is_finished(folder):
                engine = engine or _local(config)
                _prepare(config, preprocessor, folder, engine, wanted)
    shutil.rmtree(folder / WORK, ignore_errors=True)
    store_settings.check_same(config, wanted, _read(folder / settings.MANIFEST), folder)


def _local(config: settings.CorpusSettings) -> Engine:
    from tfm.data.corpora import local_preparation

    return local_preparation.Local(config.workers)


def _locked(folder: pathlib.Path) -> lock.RunLock:
    files.claim(folder, "holds no prepared corpus. Give another folder")
    return lock.RunLock(folder, other="--store or --data.store")


def _has_shards(folder: pathlib.Path) -> bool:
    return any((folder / WORK).glob("*.done"))


def _read(path: pathlib.Path) -> dict:
    return json.loads(path.read_text("utf-8"))


def _prepare(config, preprocessor, folder: pathlib.Path, engine: Engine, wanted: dict):
    work = folder / WORK
    state = _begin(config, folder, wanted)
    preprocessor.save(folder / _TOKENIZER)
    config = validation_cut.applied(config, state["cut"])
    buffers = engine.scan(config, work)
    encoder = preprocessor.tokenizer
    outcomes = collections.defaultdict(dict)
    with _phase(outcomes, work):
        for outcome in engine.encode(_jobs(folder, work, buffers, outcomes)):
            outcomes[outcome.pop("split")][outcome["number"]] = outcome
    counts = _counts(work)
    for source, entry in state["sources"].items():
        entry["counts"] = {k: v for k, v in sorted(counts[source].items()) if v}
    manifest = {
        **state,
        "tokenizer": {
            **wanted["tokenizer"],
            "vocab_size": encoder.vocab_size,
        },
        "dtype": shards.dtype_of(encoder.vocab_size).str,
        "begin_id": encoder.begin_id,
        "end_id": encoder.document_end,
        "splits": {name: _totals(outcomes[name]) for name in config.splits()},
    }
    try:
        _check_filled(config, manifest["splits"], counts)
    except errors.UserError:
        _clear(folder)  # another split is needed: nothing to go on with
        raise
    for left_over in folder.glob("*/*.tmp-*"):  # of a process that was killed
        left_over.unlink()
    body = "".join(f"{name}\n" for name in documents.names(config))
    (folder / stores.FILES).write_text(body, "utf-8")
    files.write_json(folder / settings.MANIFEST, manifest)


def _phase(outcomes: Mapping[str, dict], work: pathlib.Path):
    """The phase in which documents are tokenized, and read where they were not yet."""

    def done() -> list[dict]:
        of_splits = list(outcomes.values())
        return [outcome for of_split in of_splits for outcome in [*of_split.values()]]

    def tokens() -> int:
        return sum(outcome["tokens"] for outcome in done())

    def share() -> float | None:
        read, shards_done = meter.present.share(), len(done())
        if read is not None and read < 1:
            return read
        return shards_done / max(shards_done + len([*work.glob("*.text")]), 1)

    return progress.phase("Tokenizing", tokens, unit="tokens", share=share)


def _begin(config, folder: pathlib.Path, wanted: dict) -> dict:
    """The beginning of the manifest: new, or of the preparation to go on with."""
    work = folder / WORK
    begun = work / _BEGUN
    state = _read(begun) if begun.exists() else None
    if state:
        try:
            store_settings.check_same(config, wanted, state, folder)
        except errors.UserError:
            if _has_shards(folder):
                raise
            state = None  # little is lost, such as before a bad row was put right
    if not state:
        _clear(folder)
        work.mkdir()
        sources = {
            source: {
                "spec": spec,
                "path": locations.absolute(spec),
                "fingerprint": fingerprints.fingerprint(
                    spec, config.format, config.texts
                ),
                "left_out": source_files.left_out(config, spec),
            }
            for source, spec in config.sources().items()
        }
        cut = validation_cut.decided(config)
        state = {"sources": sources, "cut": cut._asdict() if cut else None}
    kept = {name: state[name] for name in ("sources", "cut")}
    state = {"format": settings.FORMAT, **wanted, **kept}
    files.write_json(begun, state)
    return state


def _clear(folder: pathlib.Path) -> None:
    for name in (WORK, _TOKENIZER, "train", "validation", "test"):
        shutil.rmtree(folder / name, ignore_errors=True)


def _totals(outcomes: dict[int, dict]) -> dict:
    """A split in the manifest."""
    entries = [outcome for _, outcome in sorted(outcomes.items())]
    names = ("documents", "tokens", "bytes")
    totals = {name: sum(entry[name] for entry in entries) for name in names}
    return {**totals, "shards": entries}


def _jobs(
    folder: pathlib.Path,
    work: pathlib.Path,
    buffers: Iterable[shard_buffer.ShardBuffer],
    outcomes: Mapping[str, dict],
) -> Iterator[shards.Job]:
    """Yields a job for each buffer; shards that are finished go to `outcomes`."""
    numbers = collections.Counter()
    for texts in buffers:
        number = numbers[texts.split]
        numbers[texts.split] += 1
        job = shards.Job(str(folder), str(work), texts.split, texts.slot, number)
        done = job.outcome()
        if done is None:
            yield job
        else:
            texts.remove()
            outcomes[done.pop("split")][number] = done


def _counts(work: pathlib.Path) -> dict[str, dict[str, int]]:
    """The counts of each source; see `documents.read`."""
    return _read(work / "counts.json")


def _emptied(config, source: str, counts: dict) -> errors.UserError:
    """The error that a source without a document is, with the rule that emptied it."""
    spec = config.sources()[source]
    why = documents.emptied(counts[source], dataclasses.asdict(config))
    return errors.UserError(f"{spec} holds no document: {why}")


def _check_filled(config: settings.CorpusSettings, splits: dict, counts: dict) -> None:
    for source in config.sources():
        if not splits[source]["documents"]:
            raise _emptied(config, source, counts)
    if config.validation_fraction and not splits["validation"]["documents"]:
        raise errors.UserError(
            "No document came to the validation split, of "
            f"{splits['train']['documents']:,}. Give a larger "
            "--data.validation_fraction, or leave --data.cut=auto to the data."
        )


def _sample(buffers: list[shard_buffer.ShardBuffer], limit: int) -> Iterator[str]:
    """Yields all texts, or a random sample of so many bytes or a few more or less."""
    total = sum(texts.text.stat().st_size for texts in buffers)
    threshold = min(2**64 - 1, int(limit / max(total, 1) * 2**64))
    for texts in buffers:
        keys = texts.read_index().keys
        yield from texts.texts(keys <= threshold)
