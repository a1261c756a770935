"""Sources with several mistakes: each is told, and what can be read is."""

import dataclasses

import pytest

from tests.support import reviews
from tfm import data
from tfm import inputs
from tfm import interfaces
from tfm.preflight import checks
from tfm.preflight import sources


@dataclasses.dataclass(frozen=True)
class Own:
    """Data of a user's own, which has no fields that tfm knows."""

    columns = {"text": frozenset({"text"})}

    def prepare(self, folder):
        return "read"


def _read(config, folder):
    found = checks.Findings()
    return sources.read(config, folder, found), found.mistakes


@pytest.fixture
def source(tmp_path):
    return reviews.write_csv(tmp_path / "a.csv", 60)


def test_bad_rows_are_told_by_their_places_the_first_of_each_reason(source, tmp_path):
    with source.open("a") as file:
        file.write("x,\n" * 7 + ",good\n")
    config = data.LabeledText(train=str(source), text="review", label="stars")
    (looked, dataset), mistakes = _read(config, tmp_path / "made")
    cure = "Fix the row, or skip such rows with --data.bad_rows=skip."
    assert mistakes == [
        *(f"{source}:{line}: no label. {cure}" for line in range(62, 67)),
        f"{source}: 2 more rows: no label.",
        f"{source}:69: no text. {cure}",
    ]
    assert sum(dataset.sizes.values()) == 60
    asked_for = dataclasses.replace(config, bad_rows="skip")
    assert _read(asked_for, tmp_path / "skipped")[1] == []


def test_a_mistake_hides_no_other(source, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text("review,kind\nx,good\n")
    config = data.LabeledText(
        train=str(source),
        test=str(other),
        validation="none.csv",
        text="reviw",
        label="stars",
        where="lang=en",
        validation_fraction=0.0,
    )
    (looked, dataset), mistakes = _read(config, tmp_path / "made")
    starts = [
        f"{source} has no column 'reviw'.",
        "There is no file none.csv",
        f"{other} has no column 'stars'.",
    ]
    assert len(mistakes) == 4
    assert "with lang=en alone: --data.where= takes all" in " ".join(mistakes)
    for start in starts:
        assert any(m.startswith(start) for m in mistakes), (start, mistakes)
    assert looked.text == "review" and dataset.sizes["train"] == 48


def test_no_validation_is_told(source, tmp_path):
    config = data.LabeledText(
        train=str(source), text="review", label="stars", validation_fraction=0.0
    )
    found, mistakes = _read(config, tmp_path / "made")
    (told,) = mistakes
    assert told.startswith("No text is left for validation") and found


def test_nothing_gets_past_a_training_source_that_is_not_there(tmp_path):
    found, mistakes = _read(data.LabeledText(train="none.csv"), tmp_path)
    assert found is None
    assert len(mistakes) == 1 and mistakes[0].startswith("There is no file none.csv")


def test_data_of_ones_own_is_read_as_it_is(tmp_path):
    own = Own()
    assert _read(own, tmp_path) == ((own, "read"), [])
    assert sources.sampled(own, inputs.Text()) == (own, None)
    assert not isinstance(own, interfaces.Looks)


def test_many_rows_are_sampled_few_are_not():
    config = data.LabeledText(
        train="a.csv", validation="b.csv", validation_fraction=0.0, max_examples=5000
    )
    text = inputs.Text()
    sample, size = sources.sampled(config, text, {"train": 1999, "test": 2})
    assert (sample.max_examples, sample.validation, size) == (2000, "", 2000)
    assert sample.validation_fraction == 0.1
    assert sources.sampled(config, text, {"train": 1990, "test": 10}) == (config, None)
    few = dataclasses.replace(config, max_examples=100)
    assert sources.sampled(few, text, {"train": 9000}) == (few, None)
    corpus, size = sources.sampled(data.Corpus(train="a.txt"), text)
    assert (corpus.max_documents, size) == (2000, 2000)
    stored = data.Corpus(train="a.txt", store="stores/a")
    assert sources.sampled(stored, text) == (stored, None)
    vectors = inputs.SentenceVectors(preset="x")  # a model reads each row
    assert sources.sampled(config, vectors)[0].max_examples == 300


def test_a_sample_says_whether_it_is_all(source, tmp_path):
    config = data.LabeledText(train=str(source), text="review", label="stars")
    cut = dataclasses.replace(config, max_examples=20).prepare(tmp_path / "cut")
    whole = dataclasses.replace(config, max_examples=60).prepare(tmp_path / "whole")
    assert sources.is_cut(cut.left_out(), 20)
    assert not sources.is_cut(whole.left_out(), 60)
    assert not sources.is_cut(cut.left_out(), None)
