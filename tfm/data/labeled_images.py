"""Pictures with labels, from a user's files: the config."""

import dataclasses
import typing
from typing import Literal

from tfm.data import labeled_data
from tfm.data import labeled_settings

if typing.TYPE_CHECKING:
    from tfm.data import pictures


@dataclasses.dataclass(frozen=True)
class LabeledImages(labeled_settings.LabeledSettings, labeled_data.LabeledData):
    """Labelled pictures: their sources, and their cut into splits.

    A source is a folder with a folder for each class; one with the folders train, test
    and perhaps validation of these, which gives them all; a table with paths (from its
    own folder) or the files' bytes, as CSV, Parquet or TFRecord; IDX files, plain or
    gzip, with the labels beside them; `tfds:NAME[#SPLIT]`; `debian:PACKAGE/PATH`.
    JPEG, PNG, GIF (the first frame), BMP, WebP, TIFF.

    Validation and test pictures that have no source are cut from train: at random by
    `split_seed`, in equal shares of each class, never the same file in two splits.
    """

    # training source: folder, table, IDX file, glob or tfds:NAME[#SPLIT]
    train: str = "pictures"
    # format of the files; auto: by their names
    format: Literal["auto", "folder", "csv", "tsv", "jsonl", "parquet", "tfrecord"] = (
        "auto"
    )
    image: str = ""  # column of the picture or its path; empty: found, and told

    noun = "picture"
    found = frozenset({"image", "label"})
    columns = {
        "image": frozenset({"image"}),
        "label": frozenset({"category", "categories"}),
    }

    @property
    def content(self) -> "pictures.Pictures":
        """Pictures, as the bytes of their files."""
        from tfm.data import pictures

        return pictures.Pictures(self)

    def expanded(self) -> "LabeledImages":
        """With a source for each split that the folder `train` is made of."""
        from tfm.data import pictures

        return pictures.expanded(self)
