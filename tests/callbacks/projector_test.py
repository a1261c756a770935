"""Files of the projector: as TensorBoard reads them, and not too many."""

import csv

import numpy as np
from google.protobuf import text_format
from tensorboard.plugins.projector import projector_config_pb2

from tfm.callbacks import projector


def _config(folder):
    text = (folder / "projector_config.pbtxt").read_text()
    return text_format.Parse(text, projector_config_pb2.ProjectorConfig()).embeddings


def test_vectors_and_what_they_are_of_stand_in_the_same_order(tmp_path):
    vectors = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    tokens = projector.Vectors("tokens", vectors, ("token",), [("a",), ("\t",), ("",)])
    rows = [("x\ty\nz", "good"), ("w" * 500, "bad"), ("v", "good")]
    examples = projector.Vectors("examples", vectors[:, :2], ("text", "label"), rows)
    projector.write(tmp_path, [tokens, examples])

    one, two = _config(tmp_path)
    assert list(one.tensor_shape) == [3, 4] and list(two.tensor_shape) == [3, 2]
    found = np.loadtxt(tmp_path / one.tensor_path, delimiter="\t")
    np.testing.assert_allclose(found, vectors, rtol=1e-3)
    names = (tmp_path / one.metadata_path).read_text().split("\n")
    assert names == ["a", r"'\t'", "''", ""]  # a line each, none of them empty
    with (tmp_path / two.metadata_path).open() as file:
        cells = list(csv.reader(file, delimiter="\t"))
    assert cells[0] == ["text", "label"]
    assert cells[1] == ["x y z", "good"] and cells[2] == ["w" * 100, "bad"]


def test_a_large_vocabulary_is_cut_to_what_a_browser_reads(tmp_path):
    assert projector.most(64) == 10_000 and projector.most(768) == 2604
    rows = [(str(i),) for i in range(12_000)]
    vectors = np.zeros((12_000, 2), np.float32)
    projector.write(tmp_path, [projector.Vectors("tokens", vectors, ("token",), rows)])
    (one,) = _config(tmp_path)
    assert list(one.tensor_shape) == [10_000, 2]
    for name in (one.tensor_path, one.metadata_path):
        assert len((tmp_path / name).read_text().splitlines()) == 10_000
