"""The parts of benchmarks/own_data.py that decide which recipe is better."""

import collections
import json
import math

import pytest

from benchmarks import cell_tables
from benchmarks import cells as cells_module
from benchmarks import data_sets
from benchmarks import own_data
from benchmarks import package_files
from benchmarks import paired
from benchmarks import recipes
from benchmarks import reference_svm
from benchmarks import splits

Row = splits.Row
_SCORES = {"accuracy": 0.5, "macro_f1": 0.4, "cpu_seconds": 1.0, "wall_seconds": 1.0}


def _rows(num: int = 400) -> list[Row]:
    """A quarter of them bad."""
    labels = ("bad", "good", "good", "good")
    return [Row(f"film {n} was {labels[n % 4]}", labels[n % 4]) for n in range(num)]


def test_a_cut_shares_no_text_and_keeps_the_classes_shares():
    again = [Row(row.text.upper() + "  ", row.label) for row in _rows()]
    train, test = splits.cut(_rows() + again, seed=0, train_rows=None)
    assert not {row.text.lower().strip() for row in train} & {
        row.text.lower().strip() for row in test
    }
    assert collections.Counter(row.label for row in test) == {"good": 75, "bad": 25}
    assert collections.Counter(row.label for row in train) == {"good": 225, "bad": 75}


def test_a_text_with_two_labels_is_left_out():
    rows = [Row("so so", "good"), Row("So  so", "bad"), Row("well", "good")]
    assert splits.distinct(rows) == [Row("well", "good")]


def test_a_cut_goes_by_its_seed_and_not_by_the_order_of_the_rows():
    first = splits.cut(_rows(), 1, 100)
    assert first == splits.cut(_rows()[::-1], 1, 100)
    assert first != splits.cut(_rows(), 2, 100)


def test_fewer_training_rows_are_a_part_of_more_with_the_same_test():
    few, test = splits.cut(_rows(), 0, 40)
    many, same = splits.cut(_rows(), 0, 200)
    assert test == same
    assert set(few) < set(many)
    assert collections.Counter(row.label for row in few) == {"good": 30, "bad": 10}


def test_rows_of_one_group_are_in_one_split():
    rows = [row._replace(group=str(n // 10)) for n, row in enumerate(_rows())]
    train, test = splits.cut(rows, 0, None)
    assert not {row.group for row in train} & {row.group for row in test}
    assert 80 <= len(test) <= 100


def test_a_class_that_is_only_tested_is_refused():
    rows = [*_rows(), *(Row(f"odd {n}", "odd", "one") for n in range(40))]
    with pytest.raises(ValueError, match="No training row has the labels"):
        splits.cut(rows, 0, None)


@pytest.fixture
def two_sets(monkeypatch, tmp_path):
    """Two sets of one tiny source; gives the cells' file."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    tiny = {
        name: data_sets.DataSet(name, _rows, "tiny", train_rows)
        for name, train_rows in (("small", 60), ("large", 200))
    }
    monkeypatch.setattr(data_sets, "SETS", tiny)
    return tmp_path / "cells.json"


def test_the_files_come_back_as_they_were(two_sets):
    split = data_sets.split("small", 0)
    facts = split.facts()
    assert len(data_sets.rows(split.train)) == facts["train_rows"] == 60
    assert (facts["test_rows"], facts["classes"]) == (100, 2)
    assert facts["largest_class"] == 0.75


def test_cells_are_resumed_and_not_computed_again(two_sets, monkeypatch):
    calls = []
    monkeypatch.setattr(recipes, "run", lambda *call: calls.append(call) or _SCORES)
    known = cells_module.Cells(two_sets)
    assert not own_data.compute(known, ["small"], ["reference"], [0, 1])
    assert len(calls) == 2

    again = cells_module.Cells(two_sets)
    own_data.compute(again, ["small", "large"], ["reference"], [0, 1])
    assert [call[1] for call in calls[2:]] == [
        data_sets.split("large", 0),
        data_sets.split("large", 1),
    ]
    cells = json.loads(two_sets.read_text())["cells"]
    assert len(cells) == 4
    assert {cell["accuracy"] for cell in cells} == {0.5}
    assert all(cell["processor"] and cell["date"] for cell in cells)


def test_cells_of_other_data_are_computed_again(two_sets):
    cells = cells_module.Cells(two_sets)
    facts = {"digest": "before", "train_rows": 60}
    cells.add("small", 0, "reference", facts, _SCORES)
    assert cells.is_known("small", 0, "reference", "before")
    assert not cells.is_known("small", 0, "reference", "after")


def test_two_writers_keep_each_others_cells(two_sets):
    one, other = cells_module.Cells(two_sets), cells_module.Cells(two_sets)
    one.add("small", 0, "reference", {"digest": "d"}, _SCORES)
    other.add("small", 1, "reference", {"digest": "d"}, _SCORES)
    assert {cell["seed"] for cell in cells_module.Cells(two_sets)} == {0, 1}


def test_a_recipe_that_fails_leaves_no_cell(two_sets, monkeypatch, capsys):
    def fail(*_):
        raise recipes.RecipeError("status 2: no such file")

    monkeypatch.setattr(recipes, "run", fail)
    cells = cells_module.Cells(two_sets)
    assert own_data.compute(cells, ["small"], ["auto"], [0])
    assert not list(cells)
    assert "small 0 auto failed: status 2: no such file" in capsys.readouterr().out


def test_a_set_that_cannot_be_had_is_left_out(two_sets, monkeypatch, capsys):
    def unavailable():
        raise package_files.UnavailableError("npm is not installed.")

    monkeypatch.setattr(recipes, "run", lambda *_: _SCORES)
    gone = data_sets.DataSet("gone", unavailable, "npm")
    monkeypatch.setitem(data_sets.SETS, "gone", gone)
    cells = cells_module.Cells(two_sets)
    assert not own_data.compute(cells, ["gone", "small"], ["reference"], [0, 1])
    assert [cell["set"] for cell in cells] == ["small", "small"]
    told = capsys.readouterr().out
    assert told.count("gone is left out: npm is not installed.") == 1


def test_the_interval_over_seeds_is_students():
    # of 1, 2, 3: standard error 1/sqrt(3), t(0.975, 2) = 4.3027
    interval = paired.over_seeds([0.01, 0.02, 0.03])
    assert interval.mean == pytest.approx(0.02)
    assert interval.high - 0.02 == pytest.approx(0.01 * 4.3027 / math.sqrt(3), abs=1e-6)
    assert math.isnan(paired.over_seeds([0.01]).low)


def test_the_interval_over_sets_of_known_numbers():
    equal = paired.over_sets({"a": 0.1, "b": 0.1, "c": 0.1})
    assert equal == pytest.approx((0.1, 0.1, 0.1))
    # the mean of n draws of -1 and 1 with equal chance has deviation 1/sqrt(n)
    wide = paired.over_sets({str(n): (-1.0) ** n for n in range(100)})
    assert wide.mean == pytest.approx(0)
    assert wide.high == pytest.approx(0.196, abs=0.02)


def test_sets_of_one_source_are_drawn_together():
    differences = {
        f"{source}{n}": (-1.0) ** source for source in range(4) for n in "xy"
    }
    by_source = paired.over_sets(differences, {name: name[0] for name in differences})
    assert by_source.high > paired.over_sets(differences).high
    together = paired.over_sets(differences, dict.fromkeys(differences, "one"))
    assert math.isnan(together.low)


def test_the_judgment_pairs_cells_of_one_set_and_seed(two_sets):
    cells = cells_module.Cells(two_sets)
    facts = data_sets.split("small", 0).facts()
    for seed, ours, theirs in ((0, 0.8, 0.7), (1, 0.9, 0.8), (2, 0.9, None)):
        cells.add("small", seed, "auto", facts, {**_SCORES, "accuracy": ours})
        if theirs is not None:
            scores = {**_SCORES, "accuracy": theirs}
            cells.add("small", seed, "reference", facts, scores)
    text = cell_tables.judgment(cells, "auto", "reference", "accuracy")
    assert "+0.1000 over 1 sets of 1 sources, better on 1" in text
    assert "small  +0.1000 [+0.1000, +0.1000]      2" in text
    assert "0.8667 (3)" in own_data.tables(cells, "reference")


@pytest.mark.parametrize("name", ["reference", "logistic"])
def test_it_learns_a_tiny_set(two_sets, tmp_path, name):
    scores = recipes.run(name, data_sets.split("large", 0), 0, tmp_path)
    assert (scores["accuracy"], scores["macro_f1"]) == (1.0, 1.0)
    assert scores["cpu_seconds"] > 0


def test_the_reference_reads_a_script_without_spaces_by_characters():
    texts = ["非常好的书", "很好看", "不好,很失望", "质量太差了"] * 3
    labels = ["good", "good", "bad", "bad"] * 3
    assert not reference_svm.is_spaced(texts)
    assert reference_svm.is_spaced(["ein Wort", "слово", "كلمة"])
    model = reference_svm.reference(texts, labels, seed=0)
    assert list(model.predict(["太失望了", "好看的书"])) == ["bad", "good"]


def test_macro_f1_counts_a_class_that_is_never_met():
    accuracy, macro_f1 = reference_svm.scores(["a", "b"], ["a", "b"], {"a", "b", "c"})
    assert (accuracy, macro_f1) == (1.0, pytest.approx(2 / 3))
