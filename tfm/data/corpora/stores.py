"""The store of a prepared corpus: its tokenizer and its splits.

manifest.json  sources and their fingerprints, settings, counts, shards and checksums
tokenizer/     the vocabulary
files.txt      the source files, a line each
train/         shards of the split, see shards.py; validation/, test/ likewise
"""

import json
import os
import pathlib
import typing

from tfm.data.corpora import documents
from tfm.data.corpora import token_store

MANIFEST = "manifest.json"
FILES = "files.txt"

if typing.TYPE_CHECKING:
    from tfm.inputs import text as tokens
    from tfm.inputs.text import tokenizer


class Stores:
    """A prepared corpus.

    Attributes:
      folder: of the store.
      manifest: what manifest.json holds.
      tokenizer: of its token ids.
      splits: {name: TokenStore}: train, validation, and test where it has a source.
    """

    def __init__(
        self,
        folder: str | os.PathLike,
        tokens: "tokens.Tokens | tokenizer.Tokenizer | None" = None,
    ):
        """Opens a prepared folder.

        Args:
          folder: of the store.
          tokens: the tokenizer, or the config that the loaded one goes by in what
            does not concern the store, such as the length that texts are cut to.
        """
        import numpy as np

        from tfm.inputs import text as tokens_module

        self.folder = pathlib.Path(folder)
        self.manifest = json.loads((self.folder / MANIFEST).read_text("utf-8"))
        if hasattr(tokens, "encode"):
            self.tokenizer = tokens
        else:
            self.tokenizer = tokens_module.load(self.folder / "tokenizer")
            if tokens:
                self.tokenizer.config = tokens
        dtype = np.dtype(self.manifest["dtype"])
        self.splits = {
            name: token_store.TokenStore(
                self.folder / name, split["shards"], dtype, self.folder / FILES
            )
            for name, split in self.manifest["splits"].items()
        }

    def report(self) -> list[str]:
        """Returns lines for a human: what was read, dropped, changed and kept."""
        lines = []
        for source, entry in self.manifest["sources"].items():
            lines += documents.show_counts(entry["spec"], source, entry["counts"])
        for name, split in self.splits.items():
            line = f"{name}: {split.num_documents:,} documents, "
            line += f"{split.num_tokens:,} tokens"
            if split.num_tokens:
                line += f", {split.num_bytes / split.num_tokens:.2f} bytes each"
            lines.append(line)
        return lines
