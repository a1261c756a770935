"""Prepares the store of a corpus, or finds it done, or goes on with it.

unfinished/ in the store's folder has what is needed until it is finished: settings,
spools and journal, and the outcome of each shard. The manifest is written last.
"""

import collections
import dataclasses
import hashlib
import json
import pathlib
import shutil
import tempfile
import typing
from collections.abc import Iterable
from collections.abc import Iterator

from tfm import errors
from tfm import files
from tfm import lock
from tfm.data import corpus as corpus_module
from tfm.data import fingerprints
from tfm.data.corpora import documents
from tfm.data.corpora import shard_buffer as spool
from tfm.data.corpora import shards
from tfm.data.corpora import stores

WORK = "unfinished"
_FREE = ("bad_rows", "store", "workers")
_FREE_TOKENS = ("max_length", "truncate")  # of training, not of the store


class Engine(typing.Protocol):
    """What does the work: `local_preparation.Local`, `beam_preparation.Beam`."""

    def scan(
        self, config: corpus_module.Corpus, work: pathlib.Path
    ) -> Iterable[spool.Spool]: ...
    def encode(self, jobs: Iterable[shards.Job]) -> Iterable[dict]: ...


def prepare(
    config: corpus_module.Corpus,
    tokens,
    folder: pathlib.Path,
    engine: Engine | None = None,
) -> None:
    """Makes the store in `folder`, or checks the one that is there.

    Args:
      config: of the corpus.
      tokens: a Tokens, or a ready Tokenizer.
      folder: of the store.
      engine: what does the work; None: processes of this machine.
    """
    wanted = _wanted(config, tokens)
    if not (folder / stores.MANIFEST).exists():
        if engine is None:
            from tfm.data.corpora import local_preparation

            engine = local_preparation.Local(config.workers)
        _check_place(folder)
        with lock.RunLock(folder, other="--store or --data.store"):
            if not (folder / stores.MANIFEST).exists():
                _prepare(config, tokens, folder, engine, wanted)
    shutil.rmtree(folder / WORK, ignore_errors=True)
    manifest = json.loads((folder / stores.MANIFEST).read_text("utf-8"))
    _check_same(config, wanted, manifest, folder)


def _wanted(config: corpus_module.Corpus, tokens) -> dict:
    """The settings that decide about the store."""
    ready = hasattr(tokens, "encode")
    fields = dataclasses.asdict(tokens.config if ready else tokens)
    settings = {f"data.{k}": v for k, v in dataclasses.asdict(config).items()}
    for name in _FREE:
        del settings[f"data.{name}"]
    for name in _FREE_TOKENS:
        del fields[name]
    settings |= {f"tokens.{name}": value for name, value in fields.items()}
    wanted = {"settings": json.loads(json.dumps(settings))}
    if ready:
        wanted["tokenizer"] = _fingerprint_of(tokens)
    return wanted


def _check_place(folder: pathlib.Path) -> None:
    """Refuses a folder that holds something else."""
    ours = {WORK, lock.NAME}
    there = {p.name for p in folder.iterdir()} if folder.is_dir() else set()
    if there and not there & ours:
        raise errors.UserError(
            f"{folder} is not empty and holds no prepared corpus. Give another folder."
        )


def _check_same(
    config: corpus_module.Corpus, wanted: dict, found: dict, folder: pathlib.Path
) -> None:
    rule = f"Give another folder, or delete {folder} to prepare it anew"
    old, new = found["settings"], wanted["settings"]
    if "tokenizer" in wanted and wanted["tokenizer"] != found["tokenizer"]["sha256"]:
        raise errors.UserError(
            f"{folder} was prepared with another vocabulary. {rule}."
        )
    for name in new.keys() & old.keys():
        if new[name] != old[name]:
            raise errors.UserError(
                f"{folder} was prepared with {name}={old[name]!r}, "
                f"not {name}={new[name]!r}. {rule}."
            )
    for source, spec in config.sources().items():
        before = found["sources"][source]["fingerprint"]
        if not fingerprints.is_unchanged(spec, config.file_format(), before):
            raise errors.UserError(
                f"{spec} has changed since {folder} was prepared from it. {rule}."
            )


def _prepare(config, tokens, folder: pathlib.Path, engine: Engine, wanted: dict):
    work = folder / WORK
    ready = hasattr(tokens, "encode")
    state = _begin(config, folder, wanted)
    spools = engine.scan(config, work)
    if ready:
        encoder = tokens
        encoder.save(folder / "tokenizer")
    else:
        spools = list(spools)
        encoder = _learnt(config, tokens, folder, spools)
    outcomes = collections.defaultdict(dict)
    for outcome in engine.encode(_jobs(folder, work, spools, outcomes)):
        outcomes[outcome.pop("split")][outcome["number"]] = outcome
    counts = json.loads((work / "counts.json").read_text("utf-8"))
    for source, entry in state["sources"].items():
        entry["counts"] = {k: v for k, v in sorted(counts[source].items()) if v}
    manifest = {
        "version": 1,
        **state,
        "tokenizer": {
            "sha256": fingerprint(folder / "tokenizer"),
            "vocab_size": encoder.vocab_size,
        },
        "dtype": shards.dtype_of(encoder.vocab_size).str,
        "end_id": encoder.document_end,
        "splits": {name: _totals(outcomes[name]) for name in config.splits()},
    }
    try:
        _check_filled(config, manifest["splits"])
    except errors.UserError:
        _clear(folder)  # another split is needed: nothing to go on with
        raise
    for left_over in folder.glob("*/*.tmp-*"):  # of a process that was killed
        left_over.unlink()
    body = "".join(f"{name}\n" for name in documents.names(config))
    (folder / stores.FILES).write_text(body, "utf-8")
    files.write_json(folder / stores.MANIFEST, manifest)


def _begin(config, folder: pathlib.Path, wanted: dict) -> dict:
    """The beginning of the manifest: new, or of the preparation to go on with."""
    work = folder / WORK
    begun = work / "settings.json"
    if begun.exists():
        try:
            state = json.loads(begun.read_text("utf-8"))
            _check_same(config, wanted, state, folder)
            return state
        except errors.UserError:
            if any(work.glob("*.done")):
                raise
        # little is lost, such as before a bad row was put right
    _clear(folder)
    work.mkdir()
    state = {
        "settings": wanted["settings"],
        "tokenizer": {"sha256": wanted.get("tokenizer", "")},
        "sources": {
            source: {
                "spec": spec,
                "fingerprint": fingerprints.fingerprint(spec, config.file_format()),
            }
            for source, spec in config.sources().items()
        },
    }
    files.write_json(begun, state)
    return state


def _clear(folder: pathlib.Path) -> None:
    for name in (WORK, "tokenizer", "train", "validation", "test"):
        shutil.rmtree(folder / name, ignore_errors=True)


def _totals(outcomes: dict[int, dict]) -> dict:
    """What the manifest says of a split."""
    entries = [outcome for _, outcome in sorted(outcomes.items())]
    names = ("documents", "tokens", "bytes")
    totals = {name: sum(entry[name] for entry in entries) for name in names}
    return {**totals, "shards": entries}


def _jobs(
    folder: pathlib.Path, work: pathlib.Path, spools: Iterable[spool.Spool], outcomes
) -> Iterator[shards.Job]:
    """Yields a job for each spool; shards that are finished go to `outcomes`."""
    numbers = collections.Counter()
    for texts in spools:
        number = numbers[texts.split]
        numbers[texts.split] += 1
        job = shards.Job(str(folder), str(work), texts.split, texts.slot, number)
        done = job.outcome()
        if done is None:
            yield job
        else:
            texts.remove()
            outcomes[done.pop("split")][number] = done


def _check_filled(config: corpus_module.Corpus, splits: dict) -> None:
    if not splits["train"]["documents"]:
        raise errors.UserError(f"{config.train} holds no document to train on.")
    asked = config.validation or config.validation_fraction
    if asked and not splits["validation"]["documents"]:
        raise errors.UserError(
            "No document came to the validation split, of "
            f"{splits['train']['documents']:,}. Give a larger "
            "--data.validation_fraction, or cut the last share of every document: "
            "--data.split=tail."
        )


def _learnt(config, tokens, folder: pathlib.Path, spools: list[spool.Spool]):
    """The tokenizer: learnt from the training split, or already saved."""
    from tfm.inputs import text as tokens_module

    place = folder / "tokenizer"
    if (place / "tokens.json").is_file():  # which is written last
        return tokens_module.load(place)
    train = [texts for texts in spools if texts.split == "train"]
    if not train:
        raise errors.UserError(f"{config.train} holds no document to train on.")
    encoder = tokens.learn(_sample(train, config.vocabulary_characters))
    encoder.save(place)
    return encoder


def _sample(spools: list[spool.Spool], limit: int) -> Iterator[str]:
    """Yields all texts, or a random sample of so many bytes or a few more or less."""
    total = sum(texts.text.stat().st_size for texts in spools)
    threshold = min(2**64 - 1, int(limit / max(total, 1) * 2**64))
    for texts in spools:
        keys = texts.read_index()[2]
        yield from texts.texts(keys <= threshold)


def _fingerprint_of(tokenizer) -> str:
    with tempfile.TemporaryDirectory(prefix="tfm_tokenizer_") as folder:
        tokenizer.save(folder)
        return fingerprint(pathlib.Path(folder))


def fingerprint(folder: pathlib.Path) -> str:
    """Returns the sha256 of a saved tokenizer, without what concerns no store."""
    hasher = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        body = path.read_bytes()
        if name == "tokens.json":
            fields = json.loads(body)
            for free in _FREE_TOKENS:
                fields.pop(free, None)
            body = json.dumps(fields, sort_keys=True).encode()
        hasher.update(f"{name} {len(body)} ".encode() + body)
    return hasher.hexdigest()
