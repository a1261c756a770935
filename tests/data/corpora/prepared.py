"""A corpus prepared as training does it."""

import dataclasses
import json
import pathlib

from tfm import data
from tfm.data.corpora import dataset as dataset_module
from tfm.data.corpora import token_store
from tfm.inputs.text import preprocessor as preprocessor_module


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A finished store."""

    dataset: dataset_module.CorpusDataset
    preprocessor: preprocessor_module.TextPreprocessor
    splits: dict[str, token_store.TokenStore]
    manifest: dict

    @property
    def tokenizer(self):
        return self.preprocessor.tokenizer


def prepare(corpus: data.Corpus, source, folder, engine=None) -> Prepared:
    """The store in a folder.

    Args:
      corpus: the config.
      source: an inputs.Text, or a ready TextPreprocessor.
      folder: of the store; corpus.store goes before it.
      engine: see Corpus.prepare.
    """
    folder = pathlib.Path(corpus.store or folder)
    corpus = dataclasses.replace(corpus, store=str(folder))
    dataset = corpus.prepare(folder / "not used", engine)
    preprocessor = source
    if dataclasses.is_dataclass(source):
        if dataset.preprocessor:
            preprocessor = source.load(dataset.preprocessor)
        else:
            preprocessor = source.fit(dataset.training_rows())
    splits = dataset.encode(preprocessor, folder / "not used")
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    return Prepared(dataset, preprocessor, dict(splits), manifest)
