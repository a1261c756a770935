"""Labelled text as a data set: columns, splits, other files, today's augmentation."""

import dataclasses
import json
import pathlib

import numpy as np
import pytest

from tfm import data
from tfm import errors
from tfm import inputs
from tfm.data import batches
from tfm.data import columns

WORDS = (
    *("the", "film", "was", "a", "story", "of", "two"),
    *("friends", "and", "their", "lovely", "dull", "awful", "superb"),
)
NAMES = ("neg", "pos")
LABEL = {"label": columns.Category(NAMES)}
TEXT = inputs.Text(vocab_size=12, max_length=7, special_tokens=("[CLS]",))


def write_csv(path, rows, header="text,label"):
    path.write_text("\n".join([header, *rows, ""]), "utf-8")
    return str(path)


@pytest.fixture
def reviews(tmp_path):
    """Forty texts of two to ten words, of two classes in turn."""
    rows = []
    for i in range(40):
        places = [(i * k + k * k) % len(WORDS) for k in range(1, 3 + i % 9)]
        rows.append(f"{' '.join(WORDS[p] for p in places)},{NAMES[i % 2]}")
    return write_csv(tmp_path / "reviews.csv", rows)


def encoded(source, folder, config=TEXT, **fields):
    dataset = data.LabeledText(train=source, **fields).prepare(folder)
    preprocessor = config.fit(dataset.training_rows())
    return dataset, preprocessor, dataset.encode(preprocessor, folder)


def test_the_columns_are_the_labels_with_their_counts_in_train(reviews, tmp_path):
    dataset, _, splits = encoded(reviews, tmp_path / "one")
    assert dataset.preprocessor is None
    assert dataset.columns == {"label": columns.Category(NAMES, (16, 16))}
    assert {name: len(split) for name, split in splits.items()} == {
        "train": 32,
        "validation": 4,
        "test": 4,
    }
    assert dataset.summary()[1] == "train: 32 texts (neg 16, pos 16)"
    lines = [{"text": f"t {n}", "label": ["a", "b"][: n % 3]} for n in range(30)]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    dataset, _, splits = encoded(str(path), tmp_path / "two", multi_label=True)
    column = dataset.columns["label"]
    assert isinstance(column, columns.Categories) and column.names == ("a", "b")
    split = splits["train"]
    every = np.arange(len(split))
    hot = split.take(every)["label"]
    assert hot.dtype == np.float32 and hot.sum(0).astype(int).tolist() == [
        *column.counts
    ]
    expected = {line["text"]: line["label"] for line in lines}
    for row in split.rows(every):
        assert row["label"] == expected[row["text"]]


def test_a_split_gives_the_same_row_encoded_and_raw(reviews, tmp_path):
    dataset, preprocessor, splits = encoded(reviews, tmp_path / "run")
    lines = pathlib.Path(reviews).read_text().splitlines()
    for split in splits.values():
        places = np.arange(len(split))[::-1]
        taken, rows = split.take(places), split.rows(places)
        assert taken["label"].tolist() == [NAMES.index(row["label"]) for row in rows]
        for tokens, row in zip(taken["tokens"], rows, strict=True):
            assert tokens.tolist() == preprocessor.encode([row])["tokens"][0].tolist()
        for origin, row in zip(split.origins(places), rows, strict=True):
            file, _, line = origin.rpartition(":")
            assert file == reviews
            assert lines[int(line) - 1] == f"{row['text']},{row['label']}"
    texts = [row["text"] for row in dataset.training_rows()]
    held_out = [row["text"] for row in dataset.held_out_rows()]
    assert held_out == dataset.records.contents(dataset.records.splits["validation"])
    train = splits["train"]
    assert texts == [row["text"] for row in train.rows(np.arange(len(train)))]


# index, label and tokens of batches 8 to 12 as they were before splits were classes
EXPECTED = {
    (0.0, 7): [
        [[17, 1, [5, 7, 7, 5, 3, 10, 3]], [6, 1, [5, 7]], [30, 0, [1, 5, 1, 3]]],
        [[27, 1, [7, 4, 8, 8, 4, 7, 3]], [0, 0, [11, 4]], [24, 1, [4, 5, 4, 3, 6, 6]]],
    ],
    (0.2, 7): [
        [[17, 1, [6, 7, 5, 4, 10, 3]], [6, 1, [5, 7]], [30, 0, [1, 5, 1, 3]]],
        [[27, 1, [7, 4, 8, 7, 3]], [0, 0, [11, 4]], [24, 1, [4, 5, 4, 3, 6, 6]]],
        [[2, 1, [7, 5, 4, 3, 3]], [7, 1, [6, 8, 3]], [9, 1, [10, 9, 10, 8]]],
        [[26, 0, [8, 9, 1, 1, 9]], [13, 1, [4, 5, 3, 6, 10, 3]], [22, 0, [11, 4, 1]]],
        [[16, 0, [1, 10, 1, 10, 1, 3]], [10, 0, [9, 4, 1, 7, 1, 8, 11]],
         [6, 1, [5, 7]]],
    ],
    (0.2, -3): [
        [[22, 0, [4, 3, 1]], [4, 0, [9, 8, 1, 1, 9]], [16, 0, [1, 1, 10, 1, 3]]],
        [[12, 0, [1, 5, 3, 7, 9, 9]], [0, 0, [11]], [3, 1, [10, 10, 7, 6, 9, 3]]],
        [[28, 0, [1, 10]], [7, 1, [6, 7, 3]], [4, 0, [9, 8, 1, 7, 1, 8, 9]]],
        [[25, 0, [1, 6, 4, 1, 4, 5]], [3, 1, [5, 7, 10, 7, 9, 5]],
         [17, 1, [5, 7, 7, 5, 10, 3]]],
        [[1, 0, [1, 7, 5]], [22, 0, [11, 4, 1]], [21, 1, [11]]],
    ],
}  # fmt: skip


@pytest.mark.parametrize(("share", "seed"), EXPECTED)
def test_augmented_batches_are_those_of_before(reviews, tmp_path, share, seed):
    augment = inputs.Augment(swap=share, delete=share, replace=share)
    config = dataclasses.replace(TEXT, augment=augment)
    dataset, preprocessor, splits = encoded(reviews, tmp_path / "run", config)
    spec = {**preprocessor.stored, "label": dataset.columns["label"].spec}
    expected = EXPECTED[share, seed]
    found = batches.training(
        batches.Rows(splits["train"], spec),
        batch_size=3,
        seed=seed,
        first_step=8,
        last_step=8 + len(expected),
        graph=preprocessor.graph(),
        stored=preprocessor.stored,
    )
    assert [
        [
            [row, label, tokens[tokens > 0].tolist()]
            for row, label, tokens in zip(
                batch["row"], batch["label"], batch["tokens"], strict=True
            )
        ]
        for batch in found.as_numpy_iterator()
    ] == expected


def test_evaluation_is_not_augmented(reviews, tmp_path):
    config = dataclasses.replace(TEXT, augment=inputs.Augment(delete=0.9))
    _, preprocessor, splits = encoded(reviews, tmp_path / "run", config)
    examples = batches.Rows(splits["train"], preprocessor.stored)
    (batch,) = batches.evaluation(
        examples,
        batch_size=32,
        graph=preprocessor.graph(),
        stored=preprocessor.stored,
    ).as_numpy_iterator()
    rows = splits["train"].take(np.arange(32))["tokens"]
    for tokens, row in zip(batch["tokens"], rows, strict=True):
        assert tokens[tokens > 0].tolist() == row.tolist()


def test_another_labelled_file_is_a_split_in_memory(reviews, tmp_path):
    _, preprocessor, _ = encoded(reviews, tmp_path / "run")
    rows = ["x,pos,1", "y,neg,2", "z,what,3", "w,pos,4", "café\udce9,pos,5"]
    path = tmp_path / "new.csv"
    path.write_bytes(
        "\n".join(["text,label,n", *rows, ""]).encode(errors="surrogateescape")
    )
    config = data.LabeledText(bad_rows="skip")
    split = config.split(str(path), LABEL, preprocessor, tmp_path)
    assert [read.row["text"] for read in split.reads] == ["x", "y", "w"]
    labels = split.take(np.arange(3))["label"]
    assert (labels.dtype, labels.tolist()) == (np.int32, [1, 0, 1])
    assert split.skipped == {"unknown label": 1, "text is not valid utf-8": 1}
    assert split.reads[2].shown == {"text": "w", "label": "pos", "n": "4"}
    assert split.origins([2]) == [f"{path}:5"]
    with pytest.raises(errors.UserError, match="new.csv:4: unknown label: 'what'"):
        data.LabeledText().split(str(path), LABEL, preprocessor, tmp_path)
    some = dataclasses.replace(config, where="n=2")
    assert len(some.split(str(path), LABEL, preprocessor, tmp_path)) == 1
    source = write_csv(tmp_path / "many.csv", ["x,a|b", "y,"])
    config = data.LabeledText(multi_label=True, label_separator="|")
    several = {"label": columns.Categories(("a", "b", "c"))}
    split = config.split(source, several, preprocessor, tmp_path)
    assert split.take(np.arange(2))["label"].tolist() == [[1, 1, 0], [0, 0, 0]]
    assert split.rows([0])[0]["label"] == ["a", "b"]


def test_rows_for_prediction_need_no_label(tmp_path):
    path = tmp_path / "new.csv"
    path.write_bytes(b"review,n\nx,1\n\ncaf\xe9,2\n")
    config = data.LabeledText(where="source=imdb", text="review")
    reads = list(config.rows(str(path), {}))
    assert [tuple(read) for read in reads] == [
        ({"text": "x"}, {"review": "x", "n": "1"}, f"{path}:2", ""),
        (
            {"text": ""},
            {"review": "caf\udce9", "n": "2"},
            f"{path}:4",
            "text is not valid utf-8: It looks like cp1252 ('caf\u00e9'): set "
            "--data.encoding=cp1252",
        ),
    ]
    (tmp_path / "new.txt").write_text("x\n\ny, z\n")
    reads = list(config.rows(str(tmp_path / "new.txt"), {}))
    assert [(read.row["text"], read.origin[-2:]) for read in reads] == [
        ("x", ":1"),
        ("", ":2"),
        ("y, z", ":3"),
    ]
    path.write_text("review,n\nx\n")
    (read,) = config.rows(str(path), {})
    assert read.problem == "wrong number of columns: 1, not 2"
