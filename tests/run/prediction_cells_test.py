"""Values as cells of a table, and as words for a person."""

import pytest

from tfm.run import prediction_cells


@pytest.mark.parametrize(
    ("value", "cell"),
    [("=1+1", "'=1+1"), ("-5", "-5"), ("-1e3", "-1e3"), ("@x", "'@x"), (-2, -2)],
)
def test_no_cell_is_a_formula(value, cell):
    assert prediction_cells.guarded(value) == cell


def test_a_mapping_has_a_cell_for_each_key():
    found = prediction_cells.cells(
        {"probabilities": {"good": 0.75}, "label": ["a", "b"], "spans": [[0, 4]]}
    )
    assert found == {
        "probability_good": "0.750000",
        "label": "a,b",
        "spans": "[[0, 4]]",
    }


def test_words_for_a_person_are_short():
    assert prediction_cells.parts({"good": 0.75, "bad": 0.25}) == [
        "good=0.7500 bad=0.2500"
    ]
    masks = [[{"token": "fine", "probability": 0.5}], [{"token": "a", "p": 0.25}]]
    assert prediction_cells.parts(masks) == ["fine=0.5000", "a=0.2500"]


def test_bytes_are_text_in_json():
    assert prediction_cells.plain(b"caf\xc3\xa9 \xff") == "caf\u00e9 \ufffd"
    assert prediction_cells.plain({1}) == "{1}"
