"""Splits in memory, and data, columns and inputs of a user's own, by shape alone."""

import dataclasses
import json
import pathlib

import numpy as np
import pytest

from tfm import errors
from tfm import inputs
from tfm import interfaces
from tfm.data import batches
from tfm.data import columns
from tfm.data import memory

LABEL = {"label": columns.Category(("a", "b"))}
ROWS = [
    {"text": f"{'long ' * (i % 4)}text {i}", "label": "ab"[i % 2]} for i in range(9)
]


@pytest.fixture(scope="module")
def text():
    return inputs.Text(vocab_size=20, max_length=4).fit(ROWS)


def test_rows_are_encoded_with_their_columns(text):
    split = memory.Memory(ROWS, LABEL, text)
    assert len(split) == 9
    places = np.array([4, 1, 4])
    assert split.rows(places) == [ROWS[4], ROWS[1], ROWS[4]]
    taken = split.take(places)
    assert taken["label"].tolist() == [0, 1, 0]
    expected = text.encode([ROWS[i] for i in places])["tokens"]
    for tokens, row in zip(taken["tokens"], expected, strict=True):
        assert tokens.tolist() == row.tolist()
    assert split.origins(places) == ["row 5", "row 2", "row 5"]
    examples = batches.Rows(split, {**text.stored, "label": LABEL["label"].spec})
    (batch,) = batches.eager(examples, 9)
    assert batch["label"].tolist() == [0, 1] * 4 + [0]
    assert batch["tokens"][4].tolist() == [*expected[0], 0, 0]


def test_labels_may_be_absent_of_all_rows_not_of_some(text):
    unlabeled = [{"text": row["text"]} for row in ROWS]
    assert set(memory.Memory(unlabeled, LABEL, text).take([0])) == {"tokens"}
    reads = [interfaces.Read(row, row, f"a.csv:{i}") for i, row in enumerate(ROWS)]
    reads[5] = reads[5]._replace(row=unlabeled[5])
    with pytest.raises(errors.UserError, match="^a.csv:5: no value of 'label'.$"):
        memory.Memory(reads, LABEL, text)


def test_a_value_that_does_not_fit_is_told_with_its_place(text):
    rows = [*ROWS, {"text": "odd", "label": "c"}]
    reads = [interfaces.Read(row, row, f"a.csv:{i}") for i, row in enumerate(rows)]
    with pytest.raises(errors.UserError, match="^a.csv:9: .* one of a, b. Got 'c'"):
        memory.Memory(reads, LABEL, text)


def test_nothing_is_a_split_too(text):
    split = memory.Memory([], LABEL, text)
    assert len(split) == 0 and split.skipped == {}
    assert split.take(np.arange(0))["tokens"] == []


def test_rows_are_cut_by_their_hashes():
    rows = [{"text": f"text {i}"} for i in range(200)]
    found = memory.cut([*rows, *rows[:50]], validation=0.1, test=0.2)
    assert list(found) == ["train", "validation", "test"]
    distinct = {name: {row["text"] for row in part} for name, part in found.items()}
    assert [len(texts) for texts in distinct.values()] == [140, 20, 40]
    assert len(set.union(*distinct.values())) == 200
    assert sum(map(len, found.values())) == 250  # equal rows are all kept
    turned = memory.cut(rows[::-1], validation=0.1, test=0.2)
    for name, texts in distinct.items():
        assert {row["text"] for row in turned[name]} == texts
    other = memory.cut(rows, validation=0.1, test=0.2, seed=1)
    assert {row["text"] for row in other["test"]} != distinct["test"]
    assert memory.cut(rows, validation=0, test=0)["train"] == rows


# What a user writes: pictures as bytes with the angle at which they were taken.


@dataclasses.dataclass(frozen=True)
class Angle:
    """Degrees as a point on the circle."""

    kind = "angle"
    spec = interfaces.Spec((2,), "float32")

    def encode(self, values):
        radians = np.radians(np.array(values, np.float64))
        return np.stack([np.cos(radians), np.sin(radians)], 1)

    def decode(self, array):
        return [round(float(np.degrees(np.arctan2(y, x)))) for x, y in array]


class PicturePreprocessor:
    stored = {"body": interfaces.Spec((), "string")}
    specs = {"length": interfaces.Spec((), "int32")}

    def encode(self, rows):
        return {"body": [bytes.fromhex(row["picture"]) for row in rows]}

    def graph(self):
        import tensorflow as tf

        return lambda stored, seeds: {"length": tf.strings.length(stored["body"])}


@dataclasses.dataclass(frozen=True)
class Pictures:
    path: str

    columns = {"picture": frozenset({"bytes"}), "angle": frozenset({"angle"})}

    def prepare(self, folder):
        rows = json.loads(pathlib.Path(self.path).read_text())
        return memory.MemoryDataset(memory.cut(rows), {"angle": Angle()})

    def rows(self, source, columns):
        for i, row in enumerate(json.loads(pathlib.Path(source).read_text()), 1):
            yield interfaces.Read(row, row, f"{source}:{i}")

    def split(self, source, columns, preprocessor, folder):
        return memory.Memory(self.rows(source, columns), columns, preprocessor)


def test_data_columns_and_inputs_of_a_users_own(tmp_path):
    path = tmp_path / "pictures.json"
    rows = [{"picture": "00ff" * i + "00", "angle": 3 * i} for i in range(30)]
    path.write_text(json.dumps(rows))
    data = Pictures(str(path))
    dataset = data.prepare(tmp_path)
    assert dataset.preprocessor is None
    assert dataset.summary() == ["train: 24 rows", "validation: 3 rows", "test: 3 rows"]
    preprocessor = PicturePreprocessor()
    splits = dataset.encode(preprocessor, tmp_path)
    train = splits["train"]
    assert [*dataset.training_rows()] == train.rows(np.arange(24))
    spec = {**preprocessor.stored, "angle": dataset.columns["angle"].spec}
    options = {"graph": preprocessor.graph(), "stored": preprocessor.stored}
    found = batches.training(
        batches.Rows(train, spec), batch_size=10, seed=1, last_step=3, **options
    )
    seen = []
    for batch in found.as_numpy_iterator():
        assert batch.keys() == {"length", "angle", "weight", "row", "position"}
        for row, length, angle in zip(
            train.rows(batch["row"]), batch["length"], batch["angle"], strict=True
        ):
            assert length == len(row["picture"]) // 2
            assert dataset.columns["angle"].decode([angle]) == [row["angle"]]
        seen += batch["row"].tolist()
    assert sorted(seen[:24]) == list(range(24))
    whole = data.split(str(path), dataset.columns, preprocessor, tmp_path)
    (batch,) = batches.evaluation(
        batches.Rows(whole, spec), batch_size=32, **options
    ).as_numpy_iterator()
    assert batch["length"].tolist() == [*range(1, 61, 2), 59, 59]
    assert whole.origins([29]) == [f"{path}:30"]
