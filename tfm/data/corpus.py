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

    A source is what it is for LabeledText, but for folders, of which all files are read
    at any depth; a name's ending tells a table from plain text. Its documents are
    cleaned, counted and tokenized once, into a store of token ids that `prepare` finds
    again.

    | step | what becomes of a document |
    |---|---|
    | unicode | it is in one Unicode form |
    | control characters | \\r\\n and \\r become \\n; the others, but tab, go |
    | empty | it is dropped |
    | short | of train: it is dropped |
    | duplicates | of train all but the first go (white space makes no difference) |
    | held out | of train, those that are in the validation or test source go |
    | split | it goes to validation by its hash, or the last part of it does |
    | long | it is tokenized in pieces, which follow each other as one document |
    | ends | it has [EOS] where it ends, not where it is cut, if the vocabulary has it |

    A validation or test source is scored as it is, duplicates and short documents too,
    and so is a source that is evaluated later; validation that is cut from train has
    what train has. A document of test is in validation no more than in train.

    A document must fit in memory several times over; a store need not.
    """

    found = frozenset({"text", "document"})
    columns = {"text": frozenset({"text", "stream"})}

    def look(self) -> "Corpus":
        """These fields with those in `found`, after a look at the first rows.

        A store that is finished has been looked at.
        """
        from tfm.data.corpora import corpus_looks

        store = pathlib.Path(self.store)
        if self.store and settings.is_finished(store):
            return corpus_looks.prepared(self, store)
        return corpus_looks.corpus(self)

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
        from tfm.data.corpora import corpus_looks
        from tfm.data.corpora import dataset

        place = pathlib.Path(self.store or pathlib.Path(folder) / "store")
        if settings.is_finished(place):
            config = corpus_looks.prepared(self, place)
        else:
            config = corpus_looks.named(self)
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

        Where plain text may be read in a wrong way, that is told.

        Args:
          source: as for `train`; all of it is taken, duplicates and short documents
            too. `skipped` of the split counts what was not, by reason.
          columns: none; a corpus has no others than the text.
          preprocessor: with the tokenizer.
          folder: gets the store, and must stay as long as the split is used.
        """
        corpus = dataclasses.replace(
            self,
            train=source,
            validation="",
            test="",
            store="",
            validation_fraction=0.0,
            deduplicate=False,
            min_characters=1,
            max_documents=None,
        )
        looked = corpus.look()
        return looked.prepare(folder).encode(preprocessor, folder)["train"]
