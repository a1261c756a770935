"""Reviews in an SQLite database, classified by a CNN."""

import dataclasses
import sqlite3

from tfm import errors
from tfm import inputs
from tfm import interfaces
from tfm import models
from tfm import tasks
from tfm import training
from tfm.data import memory
from tfm.data.columns import category
from tfm.experiment import Experiment


@dataclasses.dataclass(frozen=True)
class SQLite:
    """Labelled texts of a query."""

    train: str = "reviews.db"  # the database
    query: str = "SELECT text, label FROM reviews"  # gives the columns text and label

    columns = {"text": frozenset({"text"}), "label": frozenset({"category"})}

    def prepare(self, folder):
        reads = list(self.rows(self.train, {}))
        names = tuple(sorted({read.row["label"] for read in reads}))
        columns = {"label": category.Category(names)}
        return memory.MemoryDataset(memory.cut(reads), columns)

    def rows(self, source, columns):
        connection = sqlite3.connect(source)
        connection.row_factory = sqlite3.Row
        try:
            for number, found in enumerate(connection.execute(self.query), 1):
                row = dict(found)
                yield interfaces.Read(row, row, f"{source}:{number}")
        except sqlite3.Error as error:
            raise errors.UserError(
                f"{source}: {error}. Got query={self.query}."
            ) from None
        finally:
            connection.close()

    def split(self, source, columns, preprocessor, folder):
        return memory.Memory(self.rows(source, columns), columns, preprocessor)


def experiment():
    return Experiment(
        data=SQLite(),
        inputs=inputs.Text(vocab_size=2_000, max_length=64),
        model=models.CNN(num_filters=32),
        task=tasks.TextClassification(),
        train=training.Train(epochs=4),
    )
