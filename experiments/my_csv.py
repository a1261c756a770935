"""Your own CSV: say where it is.

    python -m tfm.train --experiment=my_csv --data.train=reviews.csv

The columns of the text and the label are found and told, or named by --data.text and
--data.label. Any number of labels, as words or numbers. Validation and test splits are
cut from the file, or are files of your own: --data.validation=... --data.test=...
TSV, JSONL, Excel, Parquet, TFRecord, a folder for each class, and .gz or .zip of these
work the same way.
"""

import dataclasses

from tfm import data
from tfm import training
from tfm.experiments import text_cls


def experiment():
    return dataclasses.replace(
        text_cls.experiment(),
        data=data.LabeledText(
            train="reviews.csv",
        ),
        train=training.Train(epochs=8, batch_size=32, patience=3),
    )
