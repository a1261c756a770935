"""One shard of a token store: a buffer of texts -> its three files.

tokens-N.bin has the ids of the shard's documents, one after the other; documents-N.npy
where each ends there, int64 [n]; origins-N.npy where each comes from, int64 [n].

The id that begins documents stands where one begins, and the id that ends them where
one ends: not where a document is cut, between splits or as it is too long to be
tokenized at once. The parts of a document that are in a split are one entry.
"""

import functools
import hashlib
import io
import json
import os
import pathlib
import typing
from collections.abc import Iterator

import numpy as np

from tfm import files
from tfm.data.corpora import shard_buffer
from tfm.inputs.text import backends
from tfm.inputs.text import measures
from tfm.inputs.text import settings
from tfm.inputs.text import tokenizer

_BATCH_TEXTS = 1024
_BATCH_CHARACTERS = 2**20


class Job(typing.NamedTuple):
    """A shard to be made; of strings and numbers, to go through a pipe.

    Attributes:
      store: the store's folder.
      work: the folder of its buffers.
      split: the shard's split.
      slot: of its buffer.
      number: of the shard in its split.
    """

    store: str
    work: str
    split: str
    slot: int
    number: int

    @property
    def done(self) -> pathlib.Path:
        """The file of the outcome, written once all files of the shard are there."""
        return pathlib.Path(self.work) / f"{self.split}-{self.number:05d}.done"

    def outcome(self) -> dict | None:
        """The return value of `encode`; None before it returned."""
        if not self.done.exists():
            return None
        return json.loads(self.done.read_text("utf-8"))


def paths(folder: pathlib.Path, number: int) -> tuple[pathlib.Path, ...]:
    """The files of a shard: tokens, documents and origins."""
    return (
        folder / f"tokens-{number:05d}.bin",
        folder / f"documents-{number:05d}.npy",
        folder / f"origins-{number:05d}.npy",
    )


def dtype_of(vocab_size: int) -> np.dtype:
    """The smallest type of the ids in a store."""
    return np.dtype("<u2" if vocab_size < 2**16 else "<u4")


def encode(job: Job, encoder: tokenizer.Tokenizer) -> dict:
    """Makes the shard, unless it is there.

    Returns:
      Its split and number, its documents, tokens and bytes of text, the sums of
      inputs.text.measures, and the sha256 of each of its files.
    """
    texts = shard_buffer.ShardBuffer(pathlib.Path(job.work), job.split, job.slot)
    outcome = job.outcome()
    if outcome is None:
        folder = pathlib.Path(job.store) / job.split
        folder.mkdir(parents=True, exist_ok=True)
        outcome = {"split": job.split, "number": job.number}
        outcome |= _write(texts, encoder, paths(folder, job.number))
        files.write_json(job.done, outcome)
    texts.remove()
    return outcome


def _write(texts: shard_buffer.ShardBuffer, encoder, targets) -> dict:
    dtype = dtype_of(encoder.vocab_size)
    index = texts.read_index()
    pieces = _pieces(texts.texts(), index.places[:, 0], encoder.joins_pieces)
    places = iter(index.places)
    tokens_path, documents_path, origins_path = targets
    scratch = tokens_path.with_name(f"{tokens_path.name}.tmp-{os.getpid()}")
    hasher = hashlib.sha256()
    lengths = []
    measured = np.zeros(0, measures.FIELDS)
    with scratch.open("wb") as file:
        for batch in _batches(pieces):
            ids, counts = encoder.encode_joined(batch)
            rows = np.split(ids, np.cumsum(counts)[:-1])
            found = measures.of(encoder, batch, rows)
            measured = measures.total(np.concatenate([measured, found]))
            rows = _enclosed(rows, [next(places) for _ in rows], encoder)
            counts = np.array([len(row) for row in rows], np.int64)
            body = np.concatenate(rows).astype(dtype).tobytes()
            hasher.update(body)
            file.write(body)
            lengths.append(counts)
    scratch.replace(tokens_path)
    is_last = index.places[:, 2]
    ends = np.cumsum(np.concatenate([np.zeros(0, np.int64), *lengths]))[is_last]
    return {
        "documents": len(ends),
        "tokens": int(ends[-1]) if len(ends) else 0,
        "bytes": int(index.ends[-1]) if len(ends) else 0,
        "measured": {name: int(measured[name].sum()) for name in measured.dtype.names},
        "sha256": {
            tokens_path.name: hasher.hexdigest(),
            documents_path.name: _save(documents_path, ends),
            origins_path.name: _save(origins_path, index.origins[is_last]),
        },
    }


def _enclosed(rows: list[np.ndarray], places, encoder) -> list[np.ndarray]:
    """The ids of texts, with those that begin and end documents."""
    begin, end = encoder.document_begin, encoder.document_end
    found = []
    for row, (begins, ends, _) in zip(rows, places, strict=True):
        before = [begin] if begins and begin is not None else []
        after = [end] if ends and end is not None else []
        found.append(np.concatenate([before, row, after]).astype(np.int32))
    return found


def _pieces(texts: Iterator[str], begins: np.ndarray, joins: bool) -> Iterator[str]:
    """The texts; where tokens join pieces, without the space that a mark stands for."""
    for text, begin in zip(texts, begins, strict=True):
        yield text[1:] if joins and not begin and text.startswith(" ") else text


def _batches(texts: Iterator[str]) -> Iterator[list[str]]:
    batch, characters = [], 0
    for text in texts:
        batch.append(text)
        characters += len(text)
        if len(batch) == _BATCH_TEXTS or characters > _BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _save(path: pathlib.Path, array: np.ndarray) -> str:
    """Writes an .npy file in one move; returns its sha256."""
    body = io.BytesIO()
    np.save(body, np.asarray(array, "<i8"))
    scratch = path.with_name(f"{path.name}.tmp-{os.getpid()}")
    scratch.write_bytes(body.getvalue())
    scratch.replace(path)
    return hashlib.sha256(body.getvalue()).hexdigest()


def encoder_of(store: str) -> tokenizer.Tokenizer:
    """The tokenizer of a store that is being prepared, loaded once a process."""
    folder = pathlib.Path(store) / "tokenizer"
    saved = folder / settings.FILE
    return _loaded(folder, saved.stat().st_mtime_ns if saved.exists() else 0)


@functools.lru_cache(4)
def _loaded(folder: pathlib.Path, _: int) -> tokenizer.Tokenizer:
    return backends.load(folder)
