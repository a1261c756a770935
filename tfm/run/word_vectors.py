"""Pretrained word vectors (GloVe, word2vec, fastText) that embeddings begin with.

`adapt.word_vectors` names their file. It is read once, when a run's data is prepared:
what the run's vocabulary needs of it is kept in the run folder, so that all processes
begin with the same, and nothing but a new run asks for the file.

V vocabulary, N of its tokens that have a vector, D width.
"""

import dataclasses
import hashlib
import pathlib
import typing
from collections.abc import Mapping
from typing import Protocol
from typing import runtime_checkable

from tfm import errors
from tfm import files
from tfm import interfaces
from tfm.run import folder as run_folder

if typing.TYPE_CHECKING:
    import numpy as np

_TOKENS = "tokens"  # the input whose embeddings it is about
_EXAMPLES = 10_000  # of the training split, whose tokens are counted
_FEW = 0.5  # of the tokens: fewer are warned of
_SHOWN = 5


@runtime_checkable
class EmbedsTokens(Protocol):
    """A model with a field for the width of its tokens' embeddings.

    Word vectors of another width are then told before the data is read.
    """

    embedding_field: str  # its name, as "embedding_width"


def check(e) -> None:
    """Whether the word vectors fit the experiment, by the beginning of their file.

    Raises:
      UserError: there is no such file, it holds no word vectors, these are not as wide
        as the model's embeddings, or nothing in the experiment is in need of them.
    """
    spec = e.adapt.word_vectors
    if not spec:
        return
    if isinstance(e.model, interfaces.Preset):
        raise errors.UserError(
            "A published model has embeddings of its own. "
            f"Got adapt.word_vectors={spec} and model.preset={e.model.preset}."
        )
    if _TOKENS not in e.inputs.gives or _TOKENS not in e.model.reads:
        names = f"inputs.{type(e.inputs).__name__}, models.{type(e.model).__name__}"
        raise errors.UserError(
            "adapt.word_vectors need inputs and a model of tokens, such as inputs.Text "
            f"and models.LSTM. Got {names}."
        )
    from tfm.data.readers import vector_files

    file = vector_files.find(spec)
    if isinstance(e.model, EmbedsTokens):
        field = e.model.embedding_field
        width = getattr(e.model, field)
        if width != file.width:
            raise errors.UserError(
                f"word_vectors have {file.width} numbers a word, model.{field} is "
                f"{width}. Set --model.{field}={file.width}. Got {file.origin}."
            )


def keep(
    e,
    preprocessor: interfaces.Preprocessor,
    training: interfaces.Split,
    folder: run_folder.RunFolder,
) -> None:
    """Reads the vectors of the vocabulary into the run's folder, unless they are there.

    A run that has trained needs them no more.

    Raises:
      UserError: no token has a vector, or the file is damaged.
    """
    if not e.adapt.word_vectors or _kept(folder).is_file() or folder.has_trained():
        return
    import numpy as np

    from tfm.data.readers import vector_files

    file = vector_files.find(e.adapt.word_vectors)
    words = _words(preprocessor)
    found = vector_files.read(file, {w for word in words for w in _spellings(word)})
    ids_N, vectors_ND = _matched(words, found.vectors)
    if not len(ids_N):
        tried = ", ".join([repr(word) for word in words if word][:_SHOWN])
        tokens = f"such as {tried}" if tried else "which has no whole words"
        skipped = ", ".join(f"{n:,} {why}" for why, n in found.skipped.items())
        raise errors.UserError(
            f"{file.origin} has a vector for no token of the vocabulary, {tokens}."
            f"{f' Left out of it: {skipped}.' if skipped else ''}"
        )
    folder.data.mkdir(parents=True, exist_ok=True)
    with files.replaced(_kept(folder)) as path, path.open("wb") as stream:
        np.savez(stream, ids=ids_N, vectors=vectors_ND)
    about = _About(
        path=str(file.path.absolute()),
        member=file.member,
        sha256=_hash(file.path),
        layout=file.layout,
        words=found.num_words,
        width=file.width,
        skipped=dict(found.skipped),
        vocabulary=len(words) - preprocessor.tokenizer.first_word_id,
        matched=len(ids_N),
        of_texts=_share(training, ids_N, len(words)),
    )
    files.write_json(folder.vectors, dataclasses.asdict(about))


def load(model, preprocessor, e, folder: run_folder.RunFolder) -> list[str]:
    """Begins the embeddings with what `keep` kept; lines for a human.

    Call it only if no checkpoint was restored.

    Raises:
      UserError: the model has no embeddings of tokens, or of another width.
    """
    if not e.adapt.word_vectors:
        return []
    import numpy as np

    from tfm.adaptation import embedding_table

    with np.load(_kept(folder)) as kept:
        ids_N, vectors_ND = kept["ids"], kept["vectors"]
    size = preprocessor.specs[_TOKENS].size
    factor = embedding_table.begin(
        model, _TOKENS, size, ids_N, vectors_ND, e.train.seed
    )
    about = _About(**files.read_json(folder.vectors))
    return about.lines(float(vectors_ND.std()), factor)


@dataclasses.dataclass(frozen=True)
class _About:
    """vectors.json: what was found in the file."""

    path: str
    member: str
    sha256: str
    layout: str
    words: int  # that were read
    width: int
    skipped: Mapping[str, int]  # by reason
    vocabulary: int  # tokens without special ones
    matched: int  # of them with a vector
    of_texts: float | None  # share of the training texts' tokens with a vector

    def lines(self, stddev: float, factor: float) -> list[str]:
        """For a human."""
        name = self.member or pathlib.Path(self.path).name
        share = self.matched / self.vocabulary
        shown = f"{share:.0%} of the vocabulary"
        if self.of_texts is not None:
            share = self.of_texts
            shown += f", {share:.0%} of the training texts' tokens"
        scaled = f", scaled by {factor:.2g} to the table's 1 / width" * (factor != 1.0)
        lines = [
            f"Embeddings  {self.matched:,} word vectors of {name} ({shown}); "
            f"the rest random, standard deviation {stddev * factor:.2g}{scaled}"
        ]
        if self.skipped:
            reasons = ", ".join(f"{n:,} {reason}" for reason, n in self.skipped.items())
            lines.append(f"  skipped   {reasons}")
        if share < _FEW:
            lines.append(
                f"  warning   under {_FEW:.0%} have a vector: is {name} of this "
                "language, and its words in the case of --inputs.lowercase?"
            )
        return lines


def _kept(folder: run_folder.RunFolder) -> pathlib.Path:
    return folder.data / "word_vectors.npz"


def _words(preprocessor: interfaces.Preprocessor) -> list[str | None]:
    from tfm.inputs.text import whole_words

    tokenizer = getattr(preprocessor, "tokenizer", None)
    if tokenizer is None:
        raise errors.UserError(
            "adapt.word_vectors need a preprocessor with a tokenizer, as that of "
            f"inputs.Text. {type(preprocessor).__name__} has none."
        )
    return whole_words.of(tokenizer)


def _spellings(word: str | None) -> list[str]:
    """The word, and as it is in lower case, by which it is looked up in this order."""
    return [word, word.lower()] if word else []


def _matched(words, vectors: Mapping) -> tuple["np.ndarray", "np.ndarray"]:
    """ids_N, vectors_ND of the words that have a vector."""
    import numpy as np

    pairs = []
    for id, word in enumerate(words):
        spelt = next((w for w in _spellings(word) if w in vectors), None)
        if spelt is not None:
            pairs.append((id, vectors[spelt]))
    ids_N = np.array([id for id, _ in pairs], np.int64)
    return ids_N, np.array([vector for _, vector in pairs], np.float32)


def _share(training: interfaces.Split, ids_N: "np.ndarray", size: int) -> float | None:
    """The share of the training texts' tokens with a vector; of many texts a sample."""
    import numpy as np

    places = np.linspace(0, len(training) - 1, min(len(training), _EXAMPLES))
    taken = training.take(np.unique(places.astype(np.int64)))
    counts = np.zeros(size, np.int64)
    for row in taken.get(_TOKENS, ()):
        counts += np.bincount(row, minlength=size)
    counts[0] = 0  # padding
    return float(counts[ids_N].sum() / counts.sum()) if counts.any() else None


def _hash(path: pathlib.Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
