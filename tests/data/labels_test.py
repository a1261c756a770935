import pytest

from tfm.data import labels


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("pos", "pos"),
        (" pos ", "pos"),
        (b"pos", "pos"),
        (1, "1"),
        (1.0, "1"),
        ("1.0", "1"),
        ("-2.000", "-2"),
        (0.5, "0.5"),
        (True, "true"),
        ("01", "01"),
        (None, ""),
        (float("nan"), ""),
        (" ", ""),
    ],
)
def test_names(value, name):
    assert labels.name_of(value) == name


@pytest.mark.parametrize(
    ("names", "ordered"),
    [
        (["10", "9", "-1", "1e1", "0.5"], ["-1", "0.5", "9", "10", "1e1"]),
        (["b", "10", "9", "a"], ["10", "9", "a", "b"]),
        (["nan", "1"], ["1", "nan"]),
    ],
)
def test_the_order_is_by_number_or_else_by_letter(names, ordered):
    assert labels.sort(names) == ordered


def test_labels_are_learnt_and_then_known():
    known = labels.Labels()
    assert [known.numbers(x)[0] for x in ("b", "a", "b", 1, "1.0", True)] == [
        (0,),
        (1,),
        (0,),
        (2,),
        (2,),
        (3,),
    ]
    assert known.names == ["b", "a", "1", "true"]
    known.learning = False
    assert known.numbers("c") == ((), "unknown label: 'c'")
    assert known.numbers("a") == ((1,), "")
    assert known.numbers("") == ((), "no label")
    assert known.numbers({}) == ((), "not a label: {}")
    assert known.numbers("\udce9") == ((), "not a label: '\\udce9'")
    assert known.numbers(["a"])[1].endswith("needs --data.multi_label=true")


def test_several_labels_come_as_a_list_or_separated():
    known = labels.Labels(("a", "b", "3"), multi_label=True, separator="|")
    for value in ("b|a", " b | a |", ["b", "a", "b"], ("a", "b")):
        assert known.numbers(value) == ((0, 1), "")
    for value in ("", None, []):
        assert known.numbers(value) == ((), "")
    assert known.numbers(3) == ((2,), "")
    assert known.numbers([3.0]) == ((2,), "")
    assert known.numbers("a|c") == ((), "unknown label: 'c'")
    assert known.numbers(["a", None]) == ((), "no label")


def test_values_get_the_names_they_are_renamed_to():
    classes = labels.Labels(renamed={"0": "negative", "1": "positive"})
    assert classes.numbers(1.0) == ((0,), "")
    assert classes.numbers("positive") == ((0,), "")  # the new name is known too
    assert classes.numbers("0") == ((1,), "")
    assert classes.names == ["positive", "negative"]
