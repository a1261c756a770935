"""TFRecord files of tf.train.Example: features by name, corrupt records, gzip."""

import dataclasses
import gzip

import numpy as np
import pytest
import tensorflow as tf

from tests.support import reviews
from tfm import errors
from tfm.data.readers import sources


def _example(**features) -> bytes:
    made = {}
    for name, value in features.items():
        values = value if isinstance(value, list) else [value]
        if isinstance(values[0], str):
            found = [item.encode() for item in values]
            made[name] = tf.train.Feature(bytes_list=tf.train.BytesList(value=found))
        elif isinstance(values[0], float):
            made[name] = tf.train.Feature(float_list=tf.train.FloatList(value=values))
        else:
            made[name] = tf.train.Feature(int64_list=tf.train.Int64List(value=values))
    return tf.train.Example(
        features=tf.train.Features(feature=made)
    ).SerializeToString()


def _write(path, records, options=""):
    with tf.io.TFRecordWriter(str(path), options) as writer:
        for record in records:
            writer.write(record)


EXAMPLES = [
    _example(text="a good film", label=1, tags=["x", "y"], score=0.5),
    _example(text="caf\u00e9", label=0, tags=["z"]),
]


@pytest.mark.parametrize("options", ["", "GZIP"])
@pytest.mark.parametrize("name", ["a.tfrecord", "a.tfrecord.gz", "a.tfrecords-0-of-1"])
def test_features_are_columns(tmp_path, name, options, capfd):
    _write(tmp_path / name, EXAMPLES, options)
    reading = sources.Reading(label="label", also=("tags",))
    rows = list(sources.read(str(tmp_path / name), reading))
    assert [row.values for row in rows] == [
        {"text": b"a good film", "label": 1, "tags": [b"x", b"y"]},
        {"text": "caf\u00e9".encode(), "label": 0, "tags": b"z"},
    ]
    assert [row.line for row in rows] == [1, 2]
    assert "deprecated" not in "".join(capfd.readouterr())


def test_a_record_without_a_feature_is_a_bad_row(tmp_path):
    path = tmp_path / "a.tfrecord"
    _write(
        path,
        [EXAMPLES[0], _example(label=1), b"no example", _example(text="b", label=2)],
    )
    rows = list(sources.read(str(path), sources.Reading(label="label")))
    assert [row.problem for row in rows] == [
        "",
        "no value: 'text' is not among label",
        "not a tf.train.Example",
        "",
    ]
    with pytest.raises(errors.UserError, match="has no column 'body'. It has: .*text"):
        list(sources.read(str(path), sources.Reading(text="body")))


def test_a_corrupt_record_is_told_with_file_and_number(tmp_path):
    path = tmp_path / "a.tfrecord"
    _write(path, EXAMPLES * 3)
    whole = path.read_bytes()
    for damaged in (whole[:-5], whole[:-30] + b"\xff" + whole[-29:]):
        path.write_bytes(damaged)
        with pytest.raises(errors.UserError, match=rf"{path}:6: the record is corrupt"):
            list(sources.read(str(path), sources.Reading()))
    path.write_text("not a TFRecord file at all, but a text of some length")
    with pytest.raises(errors.UserError, match=rf"{path}:1: the record is corrupt"):
        list(sources.read(str(path), sources.Reading()))
    packed = tmp_path / "a.tfrecord.gz"
    packed.write_bytes(gzip.compress(whole)[:-10])
    with pytest.raises(errors.UserError, match="corrupt"):
        list(sources.read(str(packed), sources.Reading()))


def test_records_are_what_a_csv_of_them_is(tmp_path):
    source = reviews.write_csv(tmp_path / "reviews.csv", 80)
    made = reviews.experiment(source).data
    lines = source.read_text().splitlines()[1:]
    pairs = [line.rpartition(",")[::2] for line in lines]
    records = [_example(review=text, stars=stars) for text, stars in pairs]
    _write(tmp_path / "reviews.tfrecord", records)
    other = dataclasses.replace(made, train=str(tmp_path / "reviews.tfrecord"))
    ours, theirs = (
        config.prepare(tmp_path / str(number))
        for number, config in enumerate((other, made))
    )
    for split, numbers in theirs.records.splits.items():
        np.testing.assert_array_equal(ours.records.splits[split], numbers)
    assert list(ours.training_rows()) == list(theirs.training_rows())
