"""Labelled pictures: every source has the same ones; splits; what is wrong with one."""

import csv
import gzip
import json
import shutil
import struct

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import tensorflow as tf

from tests.support import pictures
from tfm import data
from tfm import errors
from tfm import inputs
from tfm.data.columns import category
from tfm.inputs.image import codecs

LABELS = {"label": category.Category(("columns", "rows"))}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return pictures.bars(tmp_path_factory.mktemp("bars") / "bars")


@pytest.fixture(scope="module")
def expected(folder):
    """Pixels of each picture -> its label."""
    return {
        codecs.pixels(path.read_bytes(), 1).tobytes(): path.parent.name
        for path in folder.glob("*/*.png")
    }


def _files(folder):
    return sorted(folder.glob("*/*.png"))


def _csv(folder, place):
    with (place / "a.csv").open("w", newline="") as file:
        rows = [(path, path.parent.name) for path in _files(folder)]
        csv.writer(file).writerows([("picture", "kind"), *rows])
    return place / "a.csv"


def _relative_csv(folder, place):
    shutil.copytree(folder, place / "bars")
    with (place / "a.csv").open("w", newline="") as file:
        rows = [(p.relative_to(folder.parent), p.parent.name) for p in _files(folder)]
        csv.writer(file).writerows([("filename", "label"), *rows])
    return place / "a.csv"


def _parquet(folder, place):
    """As Hugging Face's datasets write it, the names of the classes in the metadata."""
    names = ["columns", "rows"]
    rows = [
        {
            "image": {"bytes": path.read_bytes(), "path": path.name},
            "label": names.index(path.parent.name),
        }
        for path in _files(folder)
    ]
    features = {"image": {"_type": "Image"}, "label": {"names": names}}
    info = json.dumps({"info": {"features": features}})
    table = pyarrow.Table.from_pylist(rows)
    table = table.replace_schema_metadata({"huggingface": info})
    pyarrow.parquet.write_table(table, place / "train-00000-of-00001.parquet")
    return place


def _idx(folder, place, packed=False):
    pixels = [codecs.pixels(path.read_bytes(), 1) for path in _files(folder)]
    labels = bytes(path.parent.name == "rows" for path in _files(folder))
    start = struct.pack(">4B3i", 0, 0, 8, 3, len(pixels), 8, 8)
    bodies = {
        "train-images-idx3-ubyte": start + b"".join(p.tobytes() for p in pixels),
        "train-labels-idx1-ubyte": struct.pack(">4Bi", 0, 0, 8, 1, len(labels))
        + labels,
    }
    for name, body in bodies.items():
        if packed:
            (place / f"{name}.gz").write_bytes(gzip.compress(body))
        else:
            (place / name).write_bytes(body)
    return place


def _tfrecord(folder, place):
    with tf.io.TFRecordWriter(str(place / "a.tfrecord")) as writer:
        for path in _files(folder):
            of_bytes = lambda v: tf.train.Feature(bytes_list={"value": [v]})  # noqa: E731
            feature = {
                "image/encoded": of_bytes(path.read_bytes()),
                "image/class": of_bytes(path.parent.name.encode()),
            }
            example = tf.train.Example(features={"feature": feature})
            writer.write(example.SerializeToString())
    return place / "a.tfrecord"


RENAMED = ("0=columns", "1=rows")
SOURCES = {
    "folder": (lambda folder, place: folder, {}),
    "glob": (lambda folder, place: folder / "*" / "*.png", {}),
    "csv": (_csv, {}),
    "csv with paths from its folder": (_relative_csv, {}),
    "parquet": (_parquet, {}),
    "idx": (_idx, {"rename": RENAMED}),
    "packed idx": (lambda f, p: _idx(f, p, packed=True), {"rename": RENAMED}),
    "one idx file": (
        lambda f, p: _idx(f, p) / "train-images-idx3-ubyte",
        {"rename": RENAMED},
    ),
    "tfrecord": (_tfrecord, {"label": "image/class"}),
}


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_has_the_same_pictures(name, folder, expected, tmp_path):
    make, fields = SOURCES[name]
    (tmp_path / "source").mkdir()
    source = str(make(folder, tmp_path / "source"))
    config = data.LabeledImages(train=source, **fields).look()
    dataset = config.prepare(tmp_path / "data")
    assert dataset.columns["label"].names == ("columns", "rows")
    found = {}
    for split, size in dataset.sizes.items():
        assert size == {"train": 32, "validation": 4, "test": 4}[split]
        for read in dataset.reads(split, np.arange(size)):
            pixels = codecs.pixels(read.row["image"], 1)
            found[pixels.tobytes()] = read.origin
    assert found.keys() == expected.keys()
    labels = {
        codecs.pixels(row["image"], 1).tobytes(): row["label"]
        for row in dataset.training_rows()
    }
    assert labels.items() <= expected.items()
    preprocessor = inputs.Image(size=8, channels=1).fit(dataset.training_rows())
    splits = dataset.encode(preprocessor, tmp_path / "encoded")
    taken = splits["train"].take(np.arange(5)[::-1])
    rows = splits["train"].rows(np.arange(5)[::-1])
    assert taken["image"] == [row["image"] for row in rows]
    assert "pictures" in "\n".join(dataset.summary())
    # of plain pictures nothing is written twice
    assert (
        sum(path.stat().st_size for path in (tmp_path / "encoded").rglob("*.string"))
        == 0
    )
    # other sources are read alike
    reads = list(config.rows(source, LABELS))
    assert {
        codecs.pixels(r.row["image"], 1).tobytes(): r.row["label"] for r in reads
    } == (expected)
    reads = list(config.rows(source, {}))
    found = {codecs.pixels(codecs.encoded(r.row["image"]), 1).tobytes() for r in reads}
    assert found == expected.keys()
    assert not any(isinstance(v, bytes) for r in reads for v in r.shown.values())
    assert len({tuple(r.shown.items()) for r in reads}) == 40


def test_tfds_gives_encoded_pictures(folder, tmp_path, monkeypatch):
    tfds = pytest.importorskip("tensorflow_datasets")

    class TinyBars(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version("1.0.0")

        def _info(self):
            features = {
                "image": tfds.features.Image(shape=(8, 8, 1)),
                "label": tfds.features.ClassLabel(names=["columns", "rows"]),
            }
            return tfds.core.DatasetInfo(
                builder=self, features=tfds.features.FeaturesDict(features)
            )

        def _split_generators(self, dl_manager):
            return {"train": self._generate_examples()}

        def _generate_examples(self):
            for path in _files(folder):
                yield str(path), {"image": path, "label": path.parent.name}

    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(tfds.core.constants, "DATA_DIR", str(tmp_path))
    config = data.LabeledImages(train="tfds:tiny_bars").look()
    dataset = config.prepare(tmp_path / "data")
    assert sum(dataset.sizes.values()) == 40
    assert next(dataset.training_rows())["image"].startswith(b"\x89PNG")


def test_a_folder_of_splits(folder, tmp_path):
    for part, count in (("train", 15), ("val", 2), ("test", 3)):
        for label in ("columns", "rows"):
            (tmp_path / "all" / part / label).mkdir(parents=True)
            start = {"train": 0, "val": 15, "test": 17}[part]
            for n in range(start, start + count):
                shutil.copy(
                    folder / label / f"{n:02}.png", tmp_path / "all" / part / label
                )
    config = data.LabeledImages(train=str(tmp_path / "all"))
    dataset = config.look().prepare(tmp_path / "data")
    assert dataset.sizes == {"train": 30, "validation": 4, "test": 6}
    again = config.look().prepare(tmp_path / "data")  # found done
    assert again.sizes == dataset.sizes
    other = data.LabeledImages(
        train=str(tmp_path / "all"), test=str(folder / "*/0*.png")
    )
    with pytest.raises(errors.UserError, match="was prepared with test="):
        other.prepare(tmp_path / "data")
    with pytest.raises(errors.UserError, match="splits .* may not be mixed"):
        list(config.rows(str(tmp_path / "all"), LABELS))


def test_copies_are_in_one_split(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "twice")
    for path in _files(folder):
        shutil.copy(path, tmp_path / "twice" / path.parent.name / f"copy_{path.name}")
    dataset = data.LabeledImages(train=str(tmp_path / "twice")).prepare(
        tmp_path / "data"
    )
    assert sum(dataset.sizes.values()) == 40
    assert "dropped from train: 40 duplicates" in dataset.summary()
    # a test source of its own: its pictures are not trained on
    (tmp_path / "test").mkdir()
    for path in _files(folder)[::4]:
        (tmp_path / "test" / path.parent.name).mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / "test" / path.parent.name / "x")
        shutil.copy(path, tmp_path / "test" / path.parent.name / path.name)
    config = data.LabeledImages(train=str(folder), test=str(tmp_path / "test"))
    dataset = config.prepare(tmp_path / "other")
    assert dataset.sizes["test"] == 10
    assert dataset.sizes["train"] + dataset.sizes["validation"] == 30


def _broken(folder, place):
    shutil.copytree(folder, place / "bars")
    jpeg = pictures.encoded(codecs.Image.fromarray(pictures.smooth()), "JPEG")
    (place / "bars/rows/cut.jpg").write_bytes(jpeg[:-300])
    (place / "bars/rows/empty.png").write_bytes(b"")
    return place / "bars"


def test_a_broken_picture_is_a_bad_row(folder, tmp_path):
    broken = _broken(folder, tmp_path)
    config = data.LabeledImages(train=str(broken))
    for read in (config.look, lambda: config.prepare(tmp_path / "data")):
        with pytest.raises(errors.UserError) as told:
            read()
        message = str(told.value)
        assert message.startswith(f"{broken}/rows/cut.jpg:1: no picture: ")
        assert "--data.bad_rows=skip" in message and "\n" not in message
    skipping = data.LabeledImages(train=str(broken), bad_rows="skip")
    dataset = skipping.look().prepare(tmp_path / "data")
    assert sum(dataset.sizes.values()) == 40
    assert f"train source {broken}: 42 rows, 2 skipped: no picture" in dataset.summary()
    assert len(dataset.bad_rows()) == 2
    # to predict, the row stays, and the preprocessor says what is wrong with it
    rows = {r.origin: r for r in config.rows(str(broken), {})}
    preprocessor = inputs.Image(size=8, channels=1, normalize="unit").fit()
    with pytest.raises(errors.RowError, match="no picture"):
        preprocessor.encode([rows[f"{broken}/rows/cut.jpg:1"].row])


MISTAKES = {
    "an empty folder": (lambda p: p.mkdir(), "holds no pictures"),
    "texts": (lambda p: (p.mkdir(), (p / "a.doc").write_text("x")), "It holds 1 .doc"),
    "no classes": (
        lambda p: (p.mkdir(), (p / "a.png").write_bytes(_png())),
        "no label. Put the picture into a folder that is named for its class",
    ),
    "one class": (
        lambda p: ((p / "a").mkdir(parents=True), (p / "a/a.png").write_bytes(_png())),
        "must hold pictures of two classes or more",
    ),
    "nothing": (lambda p: None, "There is no "),
}


def _png():
    return pictures.encoded(codecs.Image.fromarray(pictures.smooth()), "PNG")


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_told_in_a_line(name, tmp_path):
    make, message = MISTAKES[name]
    make(tmp_path / "x")
    with pytest.raises(errors.UserError, match=message) as told:
        data.LabeledImages(train=str(tmp_path / "x")).look()
    assert "\n" not in str(told.value)


def test_columns_are_found_and_named(folder, tmp_path):
    path = _csv(folder, tmp_path)
    looked = data.LabeledImages(train=str(path)).look()
    assert (looked.image, looked.label) == ("picture", "kind")
    path.write_text("a,b\n1,2\n2,2\n")
    with pytest.raises(errors.UserError, match="has no column of pictures"):
        data.LabeledImages(train=str(path)).look()
    path.write_text("image,label\nno.png,a\n")
    with pytest.raises(errors.UserError, match="a.csv:2: no picture: no.png: No such"):
        data.LabeledImages(train=str(path)).look()


def test_texts_experiments_say_what_reads_pictures(folder):
    with pytest.raises(errors.UserError) as told:
        data.LabeledText(train=str(folder)).look()
    assert "40 .png" in str(told.value)
    assert f"--experiment=image_cls --data.train={folder}" in str(told.value)
