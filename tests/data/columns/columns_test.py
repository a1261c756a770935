"""Names of labels to arrays and back; one that is not known is told."""

import dataclasses

import numpy as np
import pytest

from tfm import errors
from tfm import interfaces
from tfm.config import saved
from tfm.data import columns

NAMES = ("neg", "pos", "mixed")


def test_categories_of_one_class():
    column = columns.Category(NAMES, (3, 4, 1))
    assert column.kind == "category"
    assert column.spec == interfaces.Spec((), "int32", 3)
    ids = column.encode(["pos", "neg", "pos"])
    assert (ids.dtype, ids.tolist()) == (np.int32, [1, 0, 1])
    assert column.decode(ids) == ["pos", "neg", "pos"]
    assert column.encode([]).shape == (0,)
    for value in ("positive", 1, None, ["pos"]):
        with pytest.raises(errors.UserError, match="one of neg, pos, mixed. Got "):
            column.encode(["neg", value])


def test_any_number_of_labels():
    column = columns.Categories(NAMES)
    assert column.kind == "categories"
    assert column.spec == interfaces.Spec((3,), "float32")
    hot = column.encode([["mixed", "neg"], [], ("pos",)])
    assert hot.dtype == np.float32
    assert hot.tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]
    assert column.decode(hot) == [["neg", "mixed"], [], ["pos"]]
    assert column.encode([]).shape == (0, 3)
    with pytest.raises(errors.UserError, match="one of neg, pos, mixed. Got 'x'"):
        column.encode([["neg", "x"]])
    with pytest.raises(errors.UserError, match="a list of names. Got 'neg'"):
        column.encode(["neg"])


@pytest.mark.parametrize("kind", [columns.Category, columns.Categories])
def test_they_are_saved_as_configs(kind):
    column = kind(NAMES, (3, 4, 1))
    assert saved.from_json(saved.to_json(column)) == column
    with pytest.raises(dataclasses.FrozenInstanceError):
        column.names = ()
