"""Plain text to learn from without labels, tokenized once: the config."""

import dataclasses
import os
import pathlib
import typing
from collections.abc import Iterator
from collections.abc import Mapping

from tfm import interfaces
from tfm.data.corpora import settings

if typing.TYPE_CHECKING:
    from tfm.data.corpora import dataset
    from tfm.data.corpora import token_store


@dataclasses.dataclass(frozen=True)
class Corpus(settings.CorpusSettings):
    """Plain text: its sources, its cleaning, and its cut into splits.

    A source is what it is for LabeledText. Its documents are cleaned, counted and
    tokenized once, into a store of token ids that `prepare` finds again.

    | step | what becomes of a document |
    |---|---|
    | unicode | it is in one Unicode form |
    | control characters | \\r\\n and \\r become \\n; the others, but tab, go |
    | empty, short | it is dropped |
    | duplicates | all but the first go (white space does not make a difference) |
    | held out | of train, those that are in the validation or test source go |
    | split | it goes to validation by its hash, or the last part of it does |
    | long | it is tokenized in pieces, which follow each other as one document |
    | ends | it has [EOS] where it ends, not where it is cut, if the vocabulary has it |

    A document must fit in memory several times over; a store need not.
    """

    found = frozenset({"text"})
    columns = {"text": frozenset({"text", "stream"})}

    def look(self) -> "Corpus":
        """These fields with the column of text found, after a look at the first rows.

        A store that is finished has been looked at.
        """
        from tfm.data import looks

        if self.store and settings.is_finished(pathlib.Path(self.store)):
            return self
        return looks.corpus(self)

    def prepare(
        self, folder: str | os.PathLike, engine=None
    ) -> "dataset.CorpusDataset":
        """The corpus on its way to a store of token ids, or the finished store.

        Nothing is read yet: `training_rows` and `encode` do that. Interrupted, they
        go on where they stopped, whatever stopped them.

        Args:
          folder: gets the store, in folder/store; `self.store` goes before it.
          engine: how to prepare it; None: in processes of this machine. See
            `local_preparation.Local`, `beam_preparation.Beam`.

        Raises:
          UserError: the store was prepared from other settings or files.
        """
        from tfm.data import looks
        from tfm.data.corpora import dataset

        place = pathlib.Path(self.store or pathlib.Path(folder) / "store")
        there = settings.is_finished(place)
        config = self if there else looks.named_corpus(self)
        return dataset.CorpusDataset(config, place, engine)

    def rows(
        self, source: str, columns: Mapping[str, interfaces.Column]
    ) -> Iterator[interfaces.Read]:
        """The texts of another source, a row each; a bad one stops the reading.

        Args:
          source: as for `train`.
          columns: none; a corpus has no others than the text.
        """
        from tfm.data import unlabeled_rows

        return unlabeled_rows.read(self, source)

    def split(
        self,
        source: str,
        columns: Mapping[str, interfaces.Column],
        preprocessor: interfaces.Preprocessor,
        folder: str | os.PathLike,
    ) -> "token_store.TokenStore":
        """Another source, cleaned and tokenized into a store of its own.

        Args:
          source: as for `train`; all of it is taken.
          columns: none; a corpus has no others than the text.
          preprocessor: with the tokenizer.
          folder: gets the store, and must stay as long as the split is used.
        """
        whole = {"validation": "", "test": "", "store": "", "max_documents": None}
        corpus = dataclasses.replace(
            self, train=source, validation_fraction=0.0, **whole
        )
        return corpus.prepare(folder).encode(preprocessor, folder)["train"]
