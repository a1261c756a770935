"""The settings and the vocabulary that decide about a store, and are compared."""

import dataclasses
import hashlib
import json
import pathlib
import tempfile

from tfm import errors
from tfm.data import fingerprints
from tfm.data.corpora import settings
from tfm.inputs.text import settings as text_settings

_FREE = ("bad_rows", "store", "workers")


def of_corpus(config: settings.CorpusSettings) -> dict:
    """The settings of the corpus that decide about its store."""
    fields = {f"data.{k}": v for k, v in dataclasses.asdict(config).items()}
    for name in _FREE:
        del fields[f"data.{name}"]
    return {"settings": json.loads(json.dumps(fields))}


def of_store(config: settings.CorpusSettings, preprocessor) -> dict:
    """All that decides about the store."""
    fields = dataclasses.asdict(preprocessor.tokenizer.config)
    fields = {
        f"inputs.{name}": value
        for name, value in fields.items()
        if name not in text_settings.FREE
    }
    return {
        "settings": of_corpus(config)["settings"] | json.loads(json.dumps(fields)),
        "tokenizer": {"sha256": _fingerprint_of(preprocessor)},
    }


def check_same(
    config: settings.CorpusSettings, wanted: dict, found: dict, folder: pathlib.Path
) -> None:
    """Compares the store to be with the one that was prepared or begun.

    Args:
      config: of the corpus.
      wanted: of `of_corpus` or `of_store`.
      found: the manifest, or its beginning.
      folder: of the store.

    Raises:
      UserError: settings, vocabulary or sources differ, or the format of stores does.
    """
    rule = f"Give another folder, or delete {folder} to prepare it anew"
    if found.get("format") != settings.FORMAT:
        raise errors.UserError(
            f"{folder} was prepared by another version of tfm: its format is "
            f"{found.get('format', 1)}, not {settings.FORMAT}. {rule}."
        )
    old, new = found["settings"], wanted["settings"]
    for name in new:
        if name in old and new[name] != old[name]:
            raise errors.UserError(
                f"{folder} was prepared with {name}={old[name]!r}, "
                f"not {name}={new[name]!r}. {rule}."
            )
    vocabularies = [
        c["tokenizer"]["sha256"] for c in (wanted, found) if "tokenizer" in c
    ]
    if len(set(vocabularies)) > 1:
        raise errors.UserError(
            f"{folder} was prepared with another vocabulary. {rule}."
        )
    for source, spec in config.sources().items():
        before = found["sources"][source]["fingerprint"]
        if not fingerprints.is_unchanged(spec, config.format, before, config.texts):
            raise errors.UserError(
                f"{spec} has changed since {folder} was prepared from it. {rule}."
            )


def _fingerprint_of(preprocessor) -> str:
    with tempfile.TemporaryDirectory(prefix="tfm_tokenizer_") as folder:
        preprocessor.save(pathlib.Path(folder))
        return fingerprint(pathlib.Path(folder))


def fingerprint(folder: pathlib.Path) -> str:
    """Returns the sha256 of a saved tokenizer, without what concerns no store."""
    hasher = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        body = path.read_bytes()
        if name == text_settings.FILE:
            fields = json.loads(body)
            for free in text_settings.FREE:
                fields.pop(free, None)
            body = json.dumps(fields, sort_keys=True).encode()
        hasher.update(f"{name} {len(body)} ".encode() + body)
    return hasher.hexdigest()
