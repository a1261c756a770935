"""Labels that are no classes, and sources that leave nothing to train on."""

import csv
import dataclasses

import pytest

from tfm import data
from tfm import errors
from tfm.data import label_checks


def _config(path, rows, **fields):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    return data.LabeledText(train=str(path), **fields)


def _told(config, folder):
    """What a look says, which is what the preparation says."""
    with pytest.raises(errors.UserError) as looked:
        config.look()
    with pytest.raises(errors.UserError) as prepared:
        config.prepare(folder / "prepared")
    assert str(looked.value) == str(prepared.value)
    return str(looked.value)


def test_a_column_of_ids(tmp_path):
    for rows in (
        [(f"text {i}", i) for i in range(50)],
        [(f"text {i}", f"user{min(i, 44)}") for i in range(60)],
    ):
        config = _config(tmp_path / "a.csv", rows)
        told = _told(config, tmp_path)
        assert "an id rather than a class" in told and "--data.label" in told
        names = tuple(sorted({str(label) for _, label in rows}))
        dataclasses.replace(config, labels=names).look()  # they are what the user says


def test_a_column_of_decimals(tmp_path):
    rows = [(f"text {i}", i % 25 / 10) for i in range(200)]
    told = _told(_config(tmp_path / "a.csv", rows), tmp_path)
    assert "has 25 different decimals (0, 0.1, 0.2, 0.3, 0.4, ...)" in told
    assert "a class for each range" in told
    stars = [(f"text {i}", i % 10 / 2) for i in range(200)]
    _config(tmp_path / "b.csv", stars).look()
    ids = [(f"text {i}", i % 150) for i in range(1000)]
    _config(tmp_path / "c.csv", ids).look()  # whole numbers may be names of classes


def test_labels_that_differ_in_case_alone_and_a_cure_that_works(tmp_path):
    names = ("Positive", "positive", "NEG", "neg", "really  odd", "really odd")
    rows = [(f"text {i}", names[i % 6]) for i in range(60)]
    config = _config(tmp_path / "a.csv", rows)
    told = _told(config, tmp_path)
    assert "'NEG' and 'neg'; 'Positive' and 'positive'; 'really  odd' and" in told
    renames = told.partition("--data.rename='")[2].partition("'")[0].split(",")
    cured = dataclasses.replace(config, rename=tuple(renames)).look()
    made = cured.prepare(tmp_path / "cured")
    assert made.records.label_names == ("NEG", "Positive", "really  odd")
    apart = dataclasses.replace(config, labels=names).prepare(tmp_path / "apart")
    assert len(apart.records.label_names) == 6


def test_one_source_for_two_splits(tmp_path, monkeypatch):
    rows = [(f"text {i}", i % 2) for i in range(40)]
    config = _config(tmp_path / "a.csv", rows)
    monkeypatch.chdir(tmp_path)
    for split in ("validation", "test"):
        both = dataclasses.replace(config, **{split: "./a.csv"})
        rule = f"train and {split} are the same source.*Leave --data.{split} out"
        with pytest.raises(errors.UserError, match=rule):
            both.look()


def test_a_test_source_with_the_same_texts(tmp_path):
    rows = [(f"text {i}", i % 2) for i in range(40)]
    config = _config(tmp_path / "a.csv", rows)
    _config(tmp_path / "b.csv", rows[::-1])
    config = dataclasses.replace(config, test=str(tmp_path / "b.csv"))
    rule = "40 of its 40 texts are in the validation or test source too"
    with pytest.raises(errors.UserError, match=rule):
        config.prepare(tmp_path / "prepared")


def test_no_text_left_for_validation(tmp_path):
    config = _config(tmp_path / "a.csv", [("one", "a"), ("two", "b")])
    rule = "2 different texts of 2 classes are too few, as each class keeps one to"
    with pytest.raises(errors.UserError, match=rule):
        config.prepare(tmp_path / "prepared")
    more = [(f"text {i}", i % 2) for i in range(40)]
    config = _config(tmp_path / "b.csv", more, validation_fraction=0.0)
    with pytest.raises(errors.UserError, match="validation_fraction is 0 and there is"):
        config.prepare(tmp_path / "other")


def test_what_a_setting_left_out_is_said_at_the_end(tmp_path):
    rows = [(f"text {i}", i % 2) for i in range(400)] + [("", 1)] * 3
    fields = {"max_examples": 100, "train_examples": 30, "bad_rows": "skip"}
    made = _config(tmp_path / "a.csv", rows, **fields).prepare(tmp_path / "prepared")
    assert made.left_out() == [
        f"3 of 403 rows of {tmp_path}/a.csv were skipped: no text "
        "(--data.bad_rows=skip)",
        "300 texts were not used (--data.max_examples=100; none takes them all)",
        "50 of 80 texts were not trained on (--data.train_examples=30)",
    ]
    whole = _config(tmp_path / "b.csv", rows[:-3]).prepare(tmp_path / "whole")
    assert whole.left_out() == []


def test_what_may_be_meant_otherwise_is_told(tmp_path, capsys, monkeypatch):
    from tfm.data.readers import notes

    monkeypatch.setattr(notes, "_told", set())
    names = ("a", "b", "a,b", "b,a", "c,a", "NaN")
    rows = [(f"text {i}", names[i % 6]) for i in range(60)]
    _config(tmp_path / "a.csv", rows).look()
    said = capsys.readouterr().err
    assert "'NaN' is taken for a class" in said
    assert "--data.multi_label --data.label_separator=','" in said


def test_texts_with_two_labels_are_the_cause(tmp_path):
    rows = [(f"text {i}", label) for i in range(30) for label in ("pos", "neg")]
    config = _config(tmp_path / "a.csv", rows)
    rule = "'neg' of .* has none: 30 of its texts are there before with another label"
    with pytest.raises(errors.UserError, match=rule):
        config.prepare(tmp_path / "prepared")


def test_classes_of_too_few_training_texts_are_told_once(tmp_path):
    rows = [(f"a text {i}", "ab"[i % 2]) for i in range(40)]
    rows += [(f"text of c {i}", "c") for i in range(5)] + [("x", "d"), ("y", "e")]
    made = _config(tmp_path / "a.csv", rows).prepare(tmp_path / "data")
    (told,) = [line for line in made.summary() if "too few" in line]
    rule = "too few texts of train to learn a class or to tell how well, fewer than 5"
    counts = dict(zip("abcde", made.records.class_counts("train"), strict=True))
    assert counts["c"] == 3  # of five, as one validates and one tests
    rest = f"c 3, d {counts['d']}, e {counts['e']}"
    assert told == f"warning: {rule}: {rest}"
    enough = _config(tmp_path / "b.csv", rows[:40]).prepare(tmp_path / "enough")
    assert not any("too few" in line for line in enough.summary())


def test_five_texts_are_enough_and_many_classes_are_shortened():
    assert label_checks.too_few({"a": 5, "b": 900}) == []
    (line,) = label_checks.too_few({"a": 5, "b": 4, "c": 0})
    assert line.endswith("fewer than 5: b 4, c 0")
    (line,) = label_checks.too_few(dict.fromkeys("abcdefg", 1))
    assert line.endswith("fewer than 5: a 1, b 1, c 1, d 1, e 1, ...")
