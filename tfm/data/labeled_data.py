"""Labelled data: from sources to a data set, and other sources read likewise."""

import os
import pathlib
import typing
from collections.abc import Iterator
from collections.abc import Mapping

from tfm import interfaces

if typing.TYPE_CHECKING:
    from tfm.data import labeled_dataset
    from tfm.data import memory


class LabeledData:
    """Methods of all configs of labelled data, beside their LabeledSettings."""

    def look(self) -> typing.Self:
        """These fields with the columns found, after a look at the first rows."""
        from tfm.data import looks

        return looks.labeled(self)

    def prepare(self, folder: str | os.PathLike) -> "labeled_dataset.LabeledDataset":
        """Reads the sources into folder/records, or finds that done.

        One process prepares a folder. An interrupted preparation leaves nothing.

        Raises:
          UserError: a mistake in the files, or the folder was prepared from other
            settings or files: splitting anew would train on former test rows.
        """
        from tfm.data import labeled_dataset
        from tfm.data import preparation
        from tfm.data import records

        place = pathlib.Path(folder) / "records"
        preparation.prepare(self, place)
        return labeled_dataset.LabeledDataset(records.Records(place))

    def rows(
        self, source: str, columns: Mapping[str, interfaces.Column]
    ) -> Iterator[interfaces.Read]:
        """The rows of another source in the same format and columns.

        Without labels, `where` does not apply, and a bad row stops the reading. With
        them, `where` and `bad_rows` do, and a label that the model does not know is a
        bad row.

        Args:
          source: as for `train`.
          columns: {"label": Category or Categories}, or empty for prediction.
        """
        from tfm.data import labeled_rows

        return self._reads(source, columns, labeled_rows.Tally())

    def split(
        self,
        source: str,
        columns: Mapping[str, interfaces.Column],
        preprocessor: interfaces.Preprocessor,
        folder: str | os.PathLike,
    ) -> "memory.Memory":
        """Another source in memory; `skipped` counts its bad rows by reason."""
        from tfm.data import labeled_rows
        from tfm.data import memory

        tally = labeled_rows.Tally()
        reads = self._reads(source, columns, tally)
        return memory.Memory(reads, columns, preprocessor, tally.skipped)

    def _reads(self, source: str, columns, tally) -> Iterator[interfaces.Read]:
        from tfm.data import labeled_rows
        from tfm.data import looks

        if "label" not in columns:
            return self.content.unlabeled(source)
        config = looks.named(self, source)
        return labeled_rows.reads(config, source, columns["label"].names, tally)
