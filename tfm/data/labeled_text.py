"""Texts with labels, from a user's files: the config."""

import dataclasses

from tfm.data import labeled_data
from tfm.data import labeled_settings


@dataclasses.dataclass(frozen=True)
class LabeledText(labeled_settings.LabeledTextSettings, labeled_data.LabeledData):
    """Labelled texts: their sources, and their cut into splits.

    A source is a path, a glob, a folder (of files, or one folder per class), a file
    of an installed package as `package:NAME/FILE`, or `tfds:NAME[#SPLIT]`. Files are
    CSV, TSV, JSONL, Parquet or plain text, perhaps compressed (.gz).

    Validation and test texts that have no source are cut from train: at random by
    `split_seed`, in equal shares of each class, never the same text in two splits.
    """

    found = frozenset({"text", "label"})
    columns = {
        "text": frozenset({"text"}),
        "label": frozenset({"category", "categories"}),
    }
