"""The store of a prepared corpus: its tokenizer and its splits.

manifest.json  sources and their fingerprints, settings, counts, shards and checksums
tokenizer/     the vocabulary
files.txt      the source files, a line each
train/         shards of the split, see shards.py; validation/, test/ likewise
"""

import json
import pathlib

import numpy as np

from tfm.data import unknown
from tfm.data.corpora import documents
from tfm.data.corpora import settings
from tfm.data.corpora import token_store
from tfm.inputs.text import measures
from tfm.inputs.text import tokenizer as tokenizer_module

FILES = "files.txt"


class Stores:
    """A prepared corpus.

    Args:
      folder: of the store.
      tokenizer: of its token ids.

    Attributes:
      manifest: what manifest.json holds.
      splits: {name: TokenStore}: train, validation, and test where it has a source.
    """

    def __init__(self, folder: pathlib.Path, tokenizer: tokenizer_module.Tokenizer):
        self.manifest = json.loads((folder / settings.MANIFEST).read_text("utf-8"))
        dtype = np.dtype(self.manifest["dtype"])
        self.splits = {
            name: token_store.TokenStore(
                folder / name,
                split["shards"],
                dtype,
                folder / FILES,
                tokenizer.decode,
            )
            for name, split in self.manifest["splits"].items()
        }
        usual = measures.usually_unknown(tokenizer.config.method)
        counts = _measured(self.manifest["splits"]["train"]["shards"])
        self._unknown = unknown.Unknown("tokens", counts, usual)

    def left_out(self) -> list[str]:
        """Returns lines for a human: what was not used, and why."""
        lines = []
        limit = self.manifest["settings"].get("data.max_documents")
        for source, entry in self.manifest["sources"].items():
            counts = documents.left_out(entry["counts"])
            if counts:
                lines.append(f"of {source} source {entry['spec']}: {', '.join(counts)}")
            if source == "train" and entry["counts"].get("documents") == limit:
                lines.append(
                    f"documents after the first {limit:,} were not read "
                    f"(--data.max_documents={limit})"
                )
        return lines + self._unknown.left_out()

    def report(self) -> list[str]:
        """Returns lines for a human: what was read, dropped, changed and kept."""
        lines = []
        for source, entry in self.manifest["sources"].items():
            lines += documents.show_counts(entry["spec"], source, entry["counts"])
        if self.manifest["cut"]:
            lines.append(self.manifest["cut"]["line"])
        for name, split in self.splits.items():
            line = f"{name}: {split.num_documents:,} documents, "
            line += f"{split.num_tokens:,} tokens"
            if split.num_tokens:
                line += f", {split.num_bytes / split.num_tokens:.2f} bytes each"
            lines.append(line)
        return [*lines, self._unknown.summary()]


def _measured(entries: list[dict]) -> np.ndarray:
    """The counts of all shards of a split, FIELDS [n]."""
    rows = [
        tuple(entry["measured"][name] for name in measures.FIELDS.names)
        for entry in entries
    ]
    return np.array(rows, measures.FIELDS)
