"""From a user's files to records: labels, bad rows, splits, reuse, memory."""

import csv
import json
import os
import pathlib
import subprocess
import sys
import tracemalloc

import numpy as np
import pyarrow
import pytest

from tfm import data
from tfm import errors
from tfm.data import preparation
from tfm.data import records_file


def write_csv(path, rows, header="text,label"):
    path.write_text("\n".join([header, *rows, ""]), "utf-8")
    return str(path)


@pytest.fixture
def reviews(tmp_path):
    """A hundred reviews, of two classes in turn."""
    rows = [
        f"review {number},{'pos' if number % 2 else 'neg'}" for number in range(100)
    ]
    return write_csv(tmp_path / "reviews.csv", rows)


def read(config, folder):
    """The records in a run's folder."""
    return config.prepare(folder).records


def texts(records, split):
    return records.contents(records.splits[split])


def test_texts_labels_and_splits(reviews, tmp_path):
    records = read(data.LabeledText(train=reviews), tmp_path / "run" / "data")
    assert len(records) == 100
    assert records.label_names == ("neg", "pos")
    assert {name: len(rows) for name, rows in records.splits.items()} == {
        "train": 80,
        "validation": 10,
        "test": 10,
    }
    assert {rows.dtype for rows in records.splits.values()} == {np.dtype("int64")}
    seen = set()
    for name, rows in records.splits.items():
        found = texts(records, name)
        assert list(records.iterate(name)) == found
        numbers = [int(text.split()[1]) for text in found]
        labels = records.labels(rows)
        assert labels.dtype == np.int32
        assert labels.tolist() == [number % 2 for number in numbers]
        assert np.bincount(labels).tolist() == [len(rows) // 2] * 2
        seen.update(found)
    assert len(seen) == 100
    assert records.contents([7, 3, 7]) == ["review 7", "review 3", "review 7"]
    assert records.origins([7]) == [f"{reviews}:9"]


def test_records_of_many_batches_are_reached_by_index(tmp_path, monkeypatch):
    monkeypatch.setattr(records_file, "_BATCH_SIZE", 100)
    rows = [f"{'x' * (number % 50)} {number},{number % 3}" for number in range(500)]
    source = write_csv(tmp_path / "a.csv", rows)
    records = read(data.LabeledText(train=source), tmp_path / "data")
    assert len(records._file._batches) > 50
    order = np.random.default_rng(0).permutation(500)
    assert records.contents(order) == [rows[n].split(",")[0].strip() for n in order]
    for name in records.splits:
        assert list(records.iterate(name)) == texts(records, name)


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (["10", "9", "2"], ("2", "9", "10")),
        (["1.0", "0.0"], ("0", "1")),
        (["10", "9", "b"], ("10", "9", "b")),
    ],
)
def test_the_order_of_labels(tmp_path, values, names):
    rows = [f"text {number},{values[number % len(values)]}" for number in range(30)]
    source = write_csv(tmp_path / "a.csv", rows)
    records = read(data.LabeledText(train=source), tmp_path / "data")
    assert records.label_names == names
    every = records.labels(np.arange(30))
    assert [names[n] for n in every[: len(values)]] == [
        value.removesuffix(".0") for value in values
    ]


def test_labels_may_be_given(reviews, tmp_path):
    config = data.LabeledText(train=reviews, labels=("pos", "neg"))
    records = read(config, tmp_path / "a")
    assert records.label_names == ("pos", "neg")
    assert records.labels([0, 1]).tolist() == [1, 0]
    config = data.LabeledText(train=reviews, labels=("pos", "neg", "mixed"))
    with pytest.raises(errors.UserError, match="has none of 'mixed'"):
        read(config, tmp_path / "b")
    config = data.LabeledText(train=reviews, labels=("pos", "mixed"))
    with pytest.raises(errors.UserError, match=r"reviews.csv:2: unknown label: 'neg'"):
        read(config, tmp_path / "b")


def test_train_needs_two_classes(tmp_path):
    source = write_csv(tmp_path / "a.csv", ["x,1", "y,1"])
    with pytest.raises(errors.UserError, match="of two classes or more. Got only '1'"):
        read(data.LabeledText(train=source), tmp_path / "data")


def test_where_keeps_some_rows(tmp_path):
    rows = [f"text {n},{n % 2},{'imdb' if n < 40 else 'other'}" for n in range(100)]
    source = write_csv(tmp_path / "a.csv", rows, "text,label,source")
    records = read(data.LabeledText(train=source, where="source=imdb"), tmp_path / "a")
    assert len(records) == 40
    assert "60 of other values left out" in records.report()[0]
    with pytest.raises(errors.UserError, match=r"no row with source=x. .*imdb, other"):
        read(data.LabeledText(train=source, where="source=x"), tmp_path / "b")
    with pytest.raises(errors.UserError, match="no column 'origin'"):
        read(data.LabeledText(train=source, where="origin=x"), tmp_path / "b")


BAD_ROWS = [
    ("x,y,z", "wrong number of columns: 3, not 2"),
    ("   ,pos", "no text"),
    ("fine,", "no label"),
    ("a\0b,pos", "a NUL byte in the text"),
    ("caf\udce9,pos", "text is not valid utf-8"),
    ('"x"y,pos', "not valid CSV: ',' expected after '\"'"),
]


@pytest.mark.parametrize(("row", "problem"), BAD_ROWS)
def test_a_bad_row_stops_the_reading(reviews, tmp_path, row, problem):
    with pathlib.Path(reviews).open("ab") as file:
        file.write(f"{row}\nlast,pos\n".encode(errors="surrogateescape"))
    with pytest.raises(errors.UserError) as raised:
        read(data.LabeledText(train=reviews), tmp_path / "data")
    message = str(raised.value)
    assert message.startswith(f"{reviews}:102: {problem}")
    assert message.endswith(", or skip such rows with --data.bad_rows=skip.")
    assert "\n" not in message
    assert not list(tmp_path.glob("data/*"))


def test_bad_rows_may_be_skipped_and_are_counted(reviews, tmp_path):
    with pathlib.Path(reviews).open("ab") as file:
        for row, _ in BAD_ROWS:
            file.write(f"{row}\n{row}\n".encode(errors="surrogateescape"))
    records = read(data.LabeledText(train=reviews, bad_rows="skip"), tmp_path / "data")
    assert len(records) == 100
    report = records.report()[0]
    assert "112 rows" in report
    for _, problem in BAD_ROWS:
        assert f"2 skipped: {problem.partition(':')[0]}" in report
    with pytest.raises(errors.UserError, match="holds no good row. Skipped: 100 no"):
        source = write_csv(tmp_path / "b.csv", ["x,"] * 100)
        read(data.LabeledText(train=source, bad_rows="skip"), tmp_path / "b")


def test_a_header_without_rows(tmp_path):
    source = write_csv(tmp_path / "a.csv", [])
    with pytest.raises(errors.UserError, match="a.csv holds no row"):
        read(data.LabeledText(train=source), tmp_path / "data")


def test_test_and_validation_may_have_sources(reviews, tmp_path):
    test = write_csv(tmp_path / "test.csv", ["review 4,neg", "new,pos", "new,pos"])
    records = read(data.LabeledText(train=reviews, test=test), tmp_path / "a")
    assert texts(records, "test") == ["review 4", "new", "new"]
    assert "review 4" not in texts(records, "train") + texts(records, "validation")
    assert len(records.splits["validation"]) == 10
    assert "1 in the validation or test source" in records.report()[2]
    write_csv(tmp_path / "test.csv", ["new,mixed"])
    config = data.LabeledText(train=reviews, validation=test)
    with pytest.raises(errors.UserError, match=r"test.csv:2: unknown label: 'mixed'"):
        read(config, tmp_path / "b")


def test_several_labels_a_text(tmp_path):
    rows = [["a"], ["b", "a"], [], ["c"], ["c", "a"]] * 20
    lines = [json.dumps({"text": f"t {n}", "label": x}) for n, x in enumerate(rows)]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    config = data.LabeledText(train=str(tmp_path / "a.jsonl"), multi_label=True)
    records = read(config, tmp_path / "data")
    assert records.multi_label
    assert records.label_names == ("a", "b", "c")
    hot = records.labels([1, 2, 0, 4])
    assert hot.dtype == np.float32
    assert hot.tolist() == [[1, 1, 0], [0, 0, 0], [1, 0, 0], [1, 0, 1]]
    _, b, c = records.labels(records.splits["test"]).sum(axis=0)
    assert (b, c) == (2, 4)  # the rarer labels have their tenth
    # the same from a CSV, separated
    rows = [f"t {n},{'|'.join(x)}" for n, x in enumerate(rows)]
    source = write_csv(tmp_path / "a.csv", rows)
    config = data.LabeledText(train=source, multi_label=True, label_separator="|")
    other = read(config, tmp_path / "other")
    every = np.arange(100)
    assert (other.labels(every) == records.labels(every)).all()
    for name, rows in records.splits.items():
        assert rows.tolist() == other.splits[name].tolist()


def test_max_examples(reviews, tmp_path):
    config = data.LabeledText(train=reviews, max_examples=20)
    records = read(config, tmp_path / "data")
    assert [len(rows) for rows in records.splits.values()] == [16, 2, 2]
    assert "80 beyond max_examples" in records.report()[1]


def test_train_examples_leave_validation_and_test_as_they_are(reviews, tmp_path):
    whole = read(data.LabeledText(train=reviews), tmp_path / "whole")
    few = read(data.LabeledText(train=reviews, train_examples=10), tmp_path / "few")
    for split in ("validation", "test"):
        assert few.splits[split].tolist() == whole.splits[split].tolist()
    assert len(few.splits["train"]) == 10
    assert set(few.splits["train"]) < set(whole.splits["train"])
    assert "70 beyond train_examples" in few.report()[1]
    other = data.LabeledText(train=reviews, train_examples=10, split_seed=1)
    others = read(other, tmp_path / "other").splits["train"]
    assert others.tolist() != few.splits["train"].tolist()


def test_the_report(reviews, tmp_path):
    with pathlib.Path(reviews).open("a") as file:
        file.write("review  7,pos\nreview 8,pos\n")
    records = read(data.LabeledText(train=reviews), tmp_path / "data")
    assert records.report() == [
        f"train source {reviews}: 102 rows",
        "dropped from train: 2 duplicates (1 with other labels than the first)",
        "train: 80 texts (neg 40, pos 40)",
        "validation: 10 texts (neg 5, pos 5)",
        "test: 10 texts (neg 5, pos 5)",
    ]


def test_a_prepared_folder_is_used_again(reviews, tmp_path, monkeypatch):
    config = data.LabeledText(train=reviews)
    first = read(config, tmp_path / "data")
    monkeypatch.setattr(preparation, "_write", None)
    again = read(config, tmp_path / "data")
    assert again.fingerprint == first.fingerprint
    os.utime(reviews, (1, 1))  # a copy has another time but the same content
    read(config, tmp_path / "data")
    pathlib.Path(reviews).unlink()  # the folder is all that a moved run has
    read(config, tmp_path / "data")


def test_a_folder_prepared_from_other_data_is_refused(reviews, tmp_path):
    config = data.LabeledText(train=reviews)
    read(config, tmp_path / "data")
    path = pathlib.Path(reviews)
    path.write_text(path.read_text().replace("review 42", "review 24"))
    os.utime(reviews, (1, 1))
    with pytest.raises(errors.UserError) as raised:
        read(config, tmp_path / "data")
    folder = tmp_path / "data" / "records"
    assert str(raised.value) == (
        f"{reviews} has changed since {folder} was prepared from it. "
        "Splitting anew would train on former test texts: start another run folder, "
        f"or delete {folder} to prepare it anew."
    )
    config = data.LabeledText(train=reviews, split_seed=1)
    with pytest.raises(errors.UserError, match="with split_seed=0, not split_seed=1"):
        read(config, tmp_path / "data")


def test_an_interrupted_preparation_leaves_nothing(reviews, tmp_path, monkeypatch):
    config = data.LabeledText(train=reviews)

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("tfm.data.splits.cut", interrupt)
        read(config, tmp_path / "data")
    assert not list(tmp_path.glob("data/*"))
    assert len(read(config, tmp_path / "data")) == 100


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"train": ""}, "train must name a source. Got train=''."),
        ({"validation_fraction": 1.0}, "Got validation_fraction=1.0."),
        ({"test_fraction": -0.1}, "Got test_fraction=-0.1."),
        ({"test_fraction": 0.5, "validation_fraction": 0.5}, "Got 0.5 + 0.5."),
        ({"where": "imdb"}, "where must be COLUMN=VALUE"),
        ({"where": "source="}, "Got 'source='."),
        ({"encoding": "utf8x"}, "Got 'utf8x'."),
        ({"encoding": "hex"}, "Got 'hex'."),  # a codec, not of text
        ({"label_separator": ""}, "label_separator must not be empty."),
        ({"max_examples": 1}, "max_examples must be at least 2, or none. Got max_exa"),
        (
            {"train_examples": 1},
            "train_examples must be at least 2, or none. Got train_",
        ),
        ({"labels": ("a", "a")}, "labels must be distinct. Got a, a."),
        ({"header": ("a", "b", "a")}, "header must be distinct. Got a, b, a."),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(errors.UserError) as raised:
        data.LabeledText(**settings)
    assert message in str(raised.value)


def test_memory_does_not_grow_with_the_texts(tmp_path):
    num_rows, filling = 2500, "word " * 1600
    with (tmp_path / "big.csv").open("w") as file:
        file.write("text,label\n")
        for number in range(num_rows):
            file.write(f"{number} {filling},{number % 2}\n")
    assert (tmp_path / "big.csv").stat().st_size > 20e6
    tracemalloc.start()
    before = pyarrow.total_allocated_bytes()
    try:
        records = read(
            data.LabeledText(train=str(tmp_path / "big.csv")), tmp_path / "d"
        )
        num_characters = sum(map(len, records.iterate("train")))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert num_characters > 15e6
    # a buffer of 4 MiB, its copy in Arrow, and some 100 bytes a row
    assert peak < 12e6
    assert pyarrow.total_allocated_bytes() - before < 6e6


def test_the_package_is_light_to_import():
    code = (
        "import sys, tfm.data\n"
        "heavy = {'tensorflow', 'keras', 'keras_nlp', 'pyarrow', 'numpy', 'pandas'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    root = pathlib.Path(data.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_the_default_source_is_imdb(tmp_path):
    records = read(data.LabeledText(where="source=imdb"), tmp_path / "data")
    assert sum(map(len, records.splits.values())) == 25_000 - 96
    assert records.label_names == ("0", "1")
    normalised = {
        name: {" ".join(text.split()) for text in records.iterate(name)}
        for name in records.splits
    }
    assert sum(map(len, normalised.values())) == len(set().union(*normalised.values()))


def test_words_for_a_missing_value_are_texts_and_told(tmp_path):
    rows = [("text", "label"), *((f"text {i}", i % 2) for i in range(40))]
    rows += [("nan", 0), ("nan", 0), ("None", 1), ("", 1)]
    with (tmp_path / "a.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    config = data.LabeledText(train=str(tmp_path / "a.csv"), bad_rows="skip")
    made = config.prepare(tmp_path / "prepared")
    lines = made.summary()
    for line in (
        "2 texts are 'nan', by which some programs write a missing value; taken as "
        "text",
        "1 text is 'None', by which some programs write a missing value; taken as text",
    ):
        assert line in lines
    assert "1 skipped: no text" in lines[0]
