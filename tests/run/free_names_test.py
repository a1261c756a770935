"""Names of what is written beside a user's columns."""

from tfm.run import free_names


def test_a_name_that_is_free_stays():
    assert free_names.FreeNames(["text"]).of("generated") == "generated"


def test_numbers_are_counted_past_what_is_taken():
    names = free_names.FreeNames(["out", "OUT_2", "out_3"])
    assert names.of("out") == "out_4"
    assert names.of("out") == "out_4"
    assert names.of("OUT") == "OUT_4"


def test_columns_of_the_data_are_predicted():
    names = free_names.FreeNames(["predicted_label"], reserved=["label"])
    assert names.of("label") == "predicted_label_2"
    assert free_names.FreeNames([], ["label"]).of("label") == "predicted_label"


def test_two_values_never_share_a_name():
    names = free_names.FreeNames(["a"])
    assert [names.of("a_2"), names.of("a")] == ["a_2", "a_3"]


def test_a_name_changes_only_for_a_column_that_takes_it():
    names = free_names.FreeNames(["id"])
    assert names.of("note") == "note"
    names.see(["id", "other"])
    assert names.of("note") == "note"
    names.see(["Note"])
    assert names.of("note") == "note_2"


def test_names_of_an_interrupted_output_are_taken_up():
    first = free_names.FreeNames(["note"])
    first.of("note")
    assert free_names.FreeNames([], chosen=first.chosen).of("note") == "note_2"
