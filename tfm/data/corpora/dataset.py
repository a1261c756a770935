"""A corpus on its way to a store of tokens, as a data set."""

import pathlib
from collections.abc import Iterator
from collections.abc import Mapping

from tfm import interfaces
from tfm.data.corpora import preparation
from tfm.data.corpora import settings
from tfm.data.corpora import stores
from tfm.data.corpora import token_store


class CorpusDataset:
    """The store of a corpus; see interfaces.Dataset.

    Args:
      config: of the corpus.
      folder: of the store.
      engine: how to prepare it; None: in processes of this machine.

    Attributes:
      columns: none.

    Raises:
      UserError: the store was prepared from other settings or files.
    """

    columns: Mapping[str, interfaces.Column] = {}

    def __init__(
        self,
        config: settings.CorpusSettings,
        folder: pathlib.Path,
        engine: preparation.Engine | None = None,
    ):
        self._config = config
        self._folder = folder
        self._engine = engine
        self._stores: stores.Stores | None = None
        preparation.check(config, folder)

    @property
    def preprocessor(self) -> pathlib.Path | None:
        """The folder of the tokenizer, once a part of the store was made with it."""
        return preparation.tokenizer_folder(self._folder)

    @property
    def is_finished(self) -> bool:
        """Whether the store is whole, so that `encode` only opens it."""
        return settings.is_finished(self._folder)

    @property
    def sources(self) -> Mapping[str, str]:
        """A hash of the content of each source, by its path; asked after encode."""
        return preparation.sources(self._folder)

    def training_rows(self) -> Iterator[interfaces.Row]:
        """Texts to learn a vocabulary from: train, or a random sample of it.

        All sources are read and cleaned first, or it is found that they were.
        """
        sample = preparation.sample(self._config, self._folder, self._engine)
        return ({"text": text} for text in sample)

    def encode(
        self, preprocessor: interfaces.Preprocessor, folder: pathlib.Path
    ) -> dict[str, token_store.TokenStore]:
        """The splits, tokenized into the store, or found in it.

        Args:
          preprocessor: with a tokenizer of tfm.inputs.text.
          folder: not used, since the store has its own.

        Raises:
          UserError: a mistake in the files; the store was prepared from other
            settings or files, or with another vocabulary; or another process
            prepares it just now.
        """
        preparation.prepare(self._config, preprocessor, self._folder, self._engine)
        self._stores = stores.Stores(self._folder, preprocessor.tokenizer)
        return self._stores.splits

    def summary(self) -> list[str]:
        """Lines for a human: what was read, dropped, changed and kept."""
        return self._stores.report()

    def left_out(self) -> list[str]:
        """Lines for a human: what was not used, and why. Asked after encode."""
        return self._stores.left_out()
