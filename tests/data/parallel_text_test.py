"""Pairs of texts: their columns, bad rows, splits, and what is said of mistakes."""

import json

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from tfm import data
from tfm import errors
from tfm import inputs
from tfm.data import parallel_dataset

PAIRS = [(f"der Satz {n}", f"the sentence {n}") for n in range(40)]


def _csv(path, pairs=PAIRS, header="de,en"):
    path.write_text(
        "\n".join([*([header] if header else []), *map(",".join, pairs)]) + "\n",
        "utf-8",
    )
    return path


def _splits(config, folder):
    """{split: [(text, target)]}."""
    dataset = config.prepare(folder)
    preprocessor = inputs.TextToText(inputs.Text(method="byte", max_length=40)).fit(
        dataset.training_rows(), ("[EOS]",)
    )
    splits = dataset.encode(preprocessor, folder)
    return {
        name: [
            (row["text"], row["target"]) for row in split.rows(np.arange(len(split)))
        ]
        for name, split in splits.items()
    }, dataset


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("de,en", ("de", "en")),
        ("target,source", ("source", "target")),
        ("Input,Output", ("Input", "Output")),
    ],
)
def test_two_columns_are_found(tmp_path, header, expected, capsys):
    path = _csv(tmp_path / f"{header}.csv", header=header)
    config = data.ParallelText(train=str(path)).look()
    assert (config.text, config.target) == expected
    assert f"text is {expected[0]!r}, target {expected[1]!r}" in capsys.readouterr().err


def test_hugging_faces_layout(tmp_path):
    rows = [
        {"id": n, "translation": {"de": a, "en": b}} for n, (a, b) in enumerate(PAIRS)
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    table = pyarrow.Table.from_pylist(rows)
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    for name in ("a.jsonl", "a.parquet"):
        config = data.ParallelText(train=str(tmp_path / name)).look()
        assert (config.text, config.target) == ("translation.de", "translation.en")
        splits, _ = _splits(config, tmp_path / f"{name}-data")
        assert sorted(sum(splits.values(), [])) == sorted(PAIRS)
    turned = data.ParallelText(
        train=str(tmp_path / "a.jsonl"), text="translation.en", target="translation.de"
    )
    splits, _ = _splits(turned, tmp_path / "turned")
    assert sorted(sum(splits.values(), [])) == sorted((b, a) for a, b in PAIRS)


def test_two_files_whose_lines_belong_together(tmp_path):
    for place, name in enumerate(("x.de", "x.en")):
        lines = [pair[place] for pair in PAIRS]
        lines.insert(3, "")
        (tmp_path / name).write_text("\n".join(lines) + "\n", "utf-8")
    spec = f"{tmp_path}/x.de,{tmp_path}/x.en"
    splits, dataset = _splits(data.ParallelText(train=spec), tmp_path / "data")
    assert sorted(sum(splits.values(), [])) == sorted(PAIRS)
    assert "1 of 41 pairs" in dataset.left_out()[0]
    assert "both lines are blank" in dataset.left_out()[0]
    assert set(dataset.sources) == {f"{tmp_path}/x.de", f"{tmp_path}/x.en"}
    with (tmp_path / "x.en").open("a") as file:
        file.write("one more\n")
    with pytest.raises(errors.UserError, match=r"x.de has 41, .*x.en more"):
        data.ParallelText(train=spec).prepare(tmp_path / "other")
    with pytest.raises(errors.UserError, match="x.en has changed since"):
        data.ParallelText(train=spec).prepare(tmp_path / "data")
    with pytest.raises(errors.UserError, match="one file of pairs, or two"):
        data.ParallelText(train="a.de,b.en,c.fr").look()


def test_a_text_is_in_one_split_with_all_its_targets(tmp_path):
    pairs = [(f"w{n}", f"p{n} {i}") for n in range(50) for i in range(1 + n % 3)]
    path = _csv(tmp_path / "a.csv", [*pairs, *pairs[:7]])
    config = data.ParallelText(train=str(path), test_fraction=0.2)
    splits, dataset = _splits(config, tmp_path / "data")
    assert sorted(sum(splits.values(), [])) == sorted(pairs)  # each once
    texts = {name: {text for text, _ in rows} for name, rows in splits.items()}
    assert (
        not texts["train"] & texts["test"] and not texts["train"] & texts["validation"]
    )
    assert (len(texts["test"]), len(texts["validation"])) == (10, 5)
    assert "7 pairs that are there before" in "\n".join(dataset.summary())
    # more rows move none between validation and test
    more = _csv(tmp_path / "b.csv", [*pairs, ("new", "one")])
    again, _ = _splits(
        data.ParallelText(train=str(more), test_fraction=0.2), tmp_path / "more"
    )
    assert not {text for text, _ in again["test"]} & texts["validation"]


def test_own_sources_stay_and_are_not_trained_on(tmp_path):
    train = _csv(tmp_path / "a.csv")
    test = _csv(tmp_path / "b.csv", [*PAIRS[:3], PAIRS[0]])
    config = data.ParallelText(train=str(train), test=str(test))
    splits, dataset = _splits(config, tmp_path / "data")
    assert splits["test"] == [*PAIRS[:3], PAIRS[0]]
    assert not {*PAIRS[:3]} & {*splits["train"], *splits["validation"]}
    assert "3 texts in the validation or test source" in "\n".join(dataset.summary())
    everything = data.ParallelText(train=str(test), test=str(train))
    with pytest.raises(errors.UserError, match="No pair is left"):
        everything.prepare(tmp_path / "none")


def test_a_sample_takes_whole_texts(tmp_path):
    path = _csv(tmp_path / "a.csv", [(f"w{n // 2}", f"p{n}") for n in range(80)])
    config = data.ParallelText(train=str(path), max_examples=20)
    splits, dataset = _splits(config, tmp_path / "data")
    rows = sum(splits.values(), [])
    assert len({text for text, _ in rows}) == 20 and len(rows) == 40
    assert "20 texts were not used (--data.max_examples=20" in dataset.left_out()[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("de,en\nein,\n", "a.csv:2: target: no text"),
        ("de,en\n,one\n", "a.csv:2: no text"),
        ("a,b,c\nx,y,z\n", "must have two columns of text.* It has: a, b, c"),
        ("de,n\nein,1\n", None),  # numbers are texts too
        ("Go.,Geh jetzt weg.\nHi.,Hallo.\n", "--data.header=text,target"),
        ("de\nein\n", "two columns of text"),
    ],
)
def test_mistakes_are_told_by_a_look(tmp_path, text, message):
    (tmp_path / "a.csv").write_text(text * 1)
    config = data.ParallelText(train=str(tmp_path / "a.csv"))
    if message is None:
        config.look()
        return
    with pytest.raises(errors.UserError, match=message):
        config.look()


def test_bad_rows_may_be_skipped(tmp_path):
    _csv(tmp_path / "a.csv", [*PAIRS, ("", "nothing"), ("kein", " ")])
    config = data.ParallelText(train=str(tmp_path / "a.csv"), bad_rows="skip")
    splits, dataset = _splits(config, tmp_path / "data")
    assert sorted(sum(splits.values(), [])) == sorted(PAIRS)
    assert "1 skipped: no text, 1 skipped: target" in dataset.summary()[0]


def test_other_rows_come_with_their_targets_or_without(tmp_path):
    config = data.ParallelText(train=str(_csv(tmp_path / "a.csv"))).look()
    dataset = parallel_dataset  # prepared elsewhere: only its columns are needed
    column = {"target": dataset.columns_module.PlainText()}
    reads = [*config.rows(str(tmp_path / "a.csv"), column)]
    assert reads[0].row == {"text": PAIRS[0][0], "target": PAIRS[0][1]}
    assert reads[0].shown == {"de": PAIRS[0][0], "en": PAIRS[0][1]}
    (tmp_path / "new.txt").write_text("eins\n\ndrei\n")
    reads = [*config.rows(str(tmp_path / "new.txt"), {})]
    assert [read.row["text"] for read in reads] == ["eins", "", "drei"]
    assert reads[1].problem == "no text"


def test_prepared_data_is_of_its_settings(tmp_path):
    path = _csv(tmp_path / "a.csv")
    data.ParallelText(train=str(path)).prepare(tmp_path / "data")
    data.ParallelText(train=str(path), text="de").prepare(tmp_path / "data")
    turned = data.ParallelText(train=str(path), text="en", target="de")
    with pytest.raises(errors.UserError, match="with text='de', not text='en'"):
        turned.prepare(tmp_path / "data")
