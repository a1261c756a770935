"""Datasets of tensorflow_datasets, from a builder that is made here."""

import builtins
import sys

import numpy as np
import pytest
import tensorflow_datasets as tfds

from tfm import data
from tfm import errors
from tfm.data.readers import sources

EXAMPLES = [(f"A rëview {n}.", ["bad", "good"][n % 2], n) for n in range(30)]


class TinyReviews(tfds.core.GeneratorBasedBuilder):
    """Reviews of nothing."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        return tfds.core.DatasetInfo(
            builder=self,
            features=tfds.features.FeaturesDict(
                {
                    "text": tfds.features.Text(),
                    "label": tfds.features.ClassLabel(names=["bad", "good"]),
                    "stars": np.int64,
                    "tags": tfds.features.Sequence(
                        tfds.features.ClassLabel(names=["old", "new"])
                    ),
                }
            ),
        )

    def _split_generators(self, dl_manager):
        return {"train": self._examples(20), "test": self._examples(10)}

    def _examples(self, count):
        for number, (text, label, stars) in enumerate(EXAMPLES[:count]):
            tags = ["old", "new"][: stars % 3]
            example = {"text": text, "label": label, "stars": stars, "tags": tags}
            yield number, example

    def _generate_examples(self):
        raise NotImplementedError


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    monkeypatch.setattr(tfds.core.constants, "DATA_DIR", str(tmp_path / "tfds"))


LABELLED = sources.Reading(label="label", also=("stars",))


def test_rows_hold_text_and_class_names():
    rows = list(sources.read("tfds:tiny_reviews", LABELLED))
    found = {
        (r.values["text"].decode(), r.values["label"], r.values["stars"]) for r in rows
    }
    assert found == set(EXAMPLES[:20])
    assert [row.line for row in rows] == list(range(1, 21))
    again = list(sources.read("tfds:tiny_reviews", LABELLED))
    assert again == rows
    assert len(list(sources.read("tfds:tiny_reviews#test", sources.Reading()))) == 10
    assert (
        len(list(sources.read("tfds:tiny_reviews#train[:25%]", sources.Reading()))) == 5
    )


def test_records_of_a_dataset(tmp_path):
    config = data.LabeledText(train="tfds:tiny_reviews", test="tfds:tiny_reviews#test")
    records = config.prepare(tmp_path / "data").records
    assert records.label_names == ("bad", "good")
    assert len(records.splits["test"]) == 10
    assert sum(map(len, records.splits.values())) == 20
    assert config.prepare(tmp_path / "data").records.fingerprint == records.fingerprint
    config = data.LabeledText(train="tfds:tiny_reviews", label="tags", multi_label=True)
    records = config.prepare(tmp_path / "other").records
    assert records.label_names == ("new", "old")
    index = records.contents(range(20)).index("A rëview 1.")
    assert records.labels([index]).tolist() == [[0, 1]]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("tfds:tiny_reviews#dev", "has no split 'dev'. It has: test, train."),
        ("tfds:tiny_reviews#train[5:x]", "tiny_reviews#train"),
        ("tfds:no_such_reviews", "has no dataset 'no_such_reviews'"),
    ],
)
def test_what_is_said_of_datasets_that_are_not_there(spec, message):
    with pytest.raises(errors.UserError) as raised:
        list(sources.read(spec, sources.Reading()))
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_missing_feature():
    with pytest.raises(errors.UserError, match="has no column 'review'. It has: "):
        list(sources.read("tfds:tiny_reviews", sources.Reading(text="review")))


def test_a_dataset_that_cannot_be_downloaded(monkeypatch):
    def fail(self):
        raise ConnectionError("no route to host\nat all")

    monkeypatch.setattr(TinyReviews, "download_and_prepare", fail)
    with pytest.raises(errors.UserError) as raised:
        list(sources.read("tfds:tiny_reviews", sources.Reading()))
    assert "could not be downloaded and prepared in" in str(raised.value)
    assert str(raised.value).endswith("ConnectionError: no route to host")


@pytest.mark.parametrize("package", ["tensorflow_datasets", "importlib_resources"])
def test_a_missing_package_is_told_with_its_remedy(monkeypatch, package):
    real = builtins.__import__

    def without(name, *arguments):
        if name == "tensorflow_datasets":
            raise ModuleNotFoundError("missing", name=package)
        return real(name, *arguments)

    monkeypatch.delitem(sys.modules, "tensorflow_datasets")
    monkeypatch.setattr(builtins, "__import__", without)
    name = package.replace("_", "-")
    with pytest.raises(errors.UserError, match=f"not installed: pip install {name}$"):
        list(sources.read("tfds:tiny_reviews", sources.Reading()))
