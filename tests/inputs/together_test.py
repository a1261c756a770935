"""Inputs side by side: each part's arrays as it gives them alone, in a run too."""

import dataclasses

import numpy as np
import pytest

import tfm
from tests.support import reviews
from tfm import errors
from tfm import files
from tfm import inputs
from tfm import models
from tfm.config import fields
from tfm.config import saved

ROWS = [{"text": f"a {word} film of two"} for word in ("dull", "fine", "moving") * 5]
NEW = [{"text": "a fine film"}, {"text": ""}, {"text": "unseen words " * 9}]
TEXT = inputs.Text(
    vocab_size=40, max_length=6, augment=inputs.Augment(delete=0.5, swap=0.2)
)
NGRAMS = inputs.Ngrams(min_count=1)
BOTH = inputs.Together({"text": TEXT, "ngrams": NGRAMS})


def _same(found, expected):
    assert found.keys() == expected.keys()
    for name, rows in expected.items():
        for one, other in zip(found[name], rows, strict=True):
            np.testing.assert_array_equal(one, other)


def test_each_array_is_that_of_its_part_alone_and_after_saving(tmp_path):
    made = BOTH.fit(ROWS)
    alone = [TEXT.fit(ROWS), NGRAMS.fit(ROWS)]
    expected = alone[0].encode(NEW) | alone[1].encode(NEW)
    _same(made.encode(NEW), expected)
    assert made.specs == alone[0].specs | alone[1].specs
    made.save(tmp_path)
    loaded = BOTH.load(tmp_path)
    _same(loaded.encode(NEW), expected)
    assert loaded.tokenizer.encode(["fine"])[0].tolist()
    encoded, counts = loaded.encode_measured(NEW)
    _same(encoded, expected)
    assert counts.keys() == loaded.limits.keys() == {"tokens"}
    np.testing.assert_array_equal(
        counts["tokens"], alone[0].encode_measured(NEW)[1]["tokens"]
    )
    other = inputs.Together({"text": TEXT, "ngrams": inputs.Ngrams(words=(1, 1))})
    with pytest.raises(errors.UserError, match="n-grams that they were trained on"):
        other.load(tmp_path)


def test_augmentation_of_a_part_goes_by_the_row_s_seed():
    made, alone = BOTH.fit(ROWS), TEXT.fit(ROWS)
    width = made.stored["ngrams"].shape[0]
    tokens = np.arange(1, 7, dtype=np.int32) * np.ones((4, 1), np.int32)
    stored = {
        "tokens": tokens,
        "ngrams": np.ones((4, width), np.int32),
        "weights": np.ones((4, width), np.float32),
    }
    seeds = np.array([[7, 0, row] for row in range(4)])
    found = made.graph()(stored, seeds)
    expected = alone.graph()({"tokens": tokens}, seeds)["tokens"]
    np.testing.assert_array_equal(found["tokens"], expected)
    assert not np.array_equal(found["tokens"], tokens)
    np.testing.assert_array_equal(found["ngrams"], stored["ngrams"])


@pytest.mark.parametrize(
    ("parts", "rule"),
    [
        ({}, "parts must not be empty"),
        ({"a/b": TEXT}, "letters, digits, _ and -. Got 'a/b'"),
        ({"..": TEXT}, "name must be text without"),
        ({"a": TEXT, "b": TEXT}, "Got tokens of a and of b"),
        ({"s": inputs.Stacked()}, "without labels .* Got s=Stacked"),
        ({"a": "text"}, "must hold configs alone"),
    ],
)
def test_mistakes_in_parts(parts, rule):
    with pytest.raises(errors.UserError, match=rule):
        inputs.Together(parts)


def test_flags_reach_the_parts_and_a_file_keeps_them():
    values = {"parts.text.vocab_size": 50, "parts.ngrams.min_count": 3}
    changed = fields.override(BOTH, values)
    assert changed.parts["text"].vocab_size == 50
    assert changed.parts["ngrams"].min_count == 3
    assert saved.from_json(saved.to_json(changed)) == changed


def test_a_run_of_both_learns_and_predicts_from_its_folder(tmp_path):
    source = reviews.write_csv(tmp_path / "reviews.csv")
    base = reviews.experiment(source, epochs=4.0)
    experiment = dataclasses.replace(
        base,
        inputs=inputs.Together({"text": base.inputs, "ngrams": inputs.Ngrams()}),
        model=models.Together(
            {"lstm": base.model, "ngrams": models.NgramBag(width=4, dropout=0.0)}
        ),
    )
    tfm.fit(experiment, tmp_path / "run", reference="off")
    scores = files.read_json(tmp_path / "run" / "metrics.json")
    assert scores["validation"]["accuracy"] > 0.9
    answers = tfm.load(tmp_path / "run").predict(["a superb film", "a dull story"])
    assert [answer["label"] for answer in answers] == ["good", "bad"]
