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
                self._dropped(name),
            )
            for name, split in self.manifest["splits"].items()
        }
        usual = measures.usually_unknown(tokenizer.config.method)
        counts = _measured(self.manifest["splits"]["train"]["shards"])
        self._unknown = unknown.Unknown("tokens", counts, usual)

    def left_out(self) -> list[str]:
        """Returns lines for a human: what was not used, and why."""
        lines = []
        limit = self._fields["max_documents"]
        for source, entry in self.manifest["sources"].items():
            where = f"of {source} source {entry['spec']}"
            counts = [f"{n:,} {why}" for why, n in self._dropped(source).items()]
            if counts:
                lines.append(f"{where}: {', '.join(counts)}")
            if entry.get("left_out"):  # of an older store not known
                names = f"files whose names tell no text ({entry['left_out']})"
                lines.append(f"{where}: {names}")
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
            lines += documents.show_counts(
                entry["spec"], source, entry["counts"], self._fields
            )
        if self.manifest["cut"]:
            lines.append(self.manifest["cut"]["line"])
        for name, split in self.splits.items():
            line = f"{name}: {split.num_documents:,} documents, "
            line += f"{split.num_tokens:,} tokens"
            if split.num_tokens:
                line += f", {split.num_bytes / split.num_tokens:.2f} bytes each, "
                line += f"{split.median_tokens:,.0f} a document (median)"
            lines.append(line)
        return [*lines, self._unknown.summary()]

    @property
    def _fields(self) -> dict:
        """The fields of the corpus that decided about the store, by name."""
        found = self.manifest["settings"].items()
        return {n.removeprefix("data."): v for n, v in found if n.startswith("data.")}

    def _dropped(self, source: str) -> dict[str, int]:
        """Documents of a source that were not used, by reason; of a cut split none."""
        entry = self.manifest["sources"].get(source)
        return documents.dropped(entry["counts"], self._fields) if entry else {}


def _measured(entries: list[dict]) -> np.ndarray:
    """The counts of all shards of a split, FIELDS [n]."""
    rows = [
        tuple(entry["measured"][name] for name in measures.FIELDS.names)
        for entry in entries
    ]
    return np.array(rows, measures.FIELDS)
