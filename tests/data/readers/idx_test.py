"""IDX files: pictures as PNG, labels beside them, and what is wrong with a file."""

import gzip
import struct

import numpy as np
import pytest

from tfm import errors
from tfm.data.readers import idx
from tfm.data.readers import picture_files
from tfm.inputs.image import codecs

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (3, 4, 5), dtype=np.uint8)
COLOURS = RNG.integers(0, 256, (2, 4, 5, 3), dtype=np.uint8)


def _body(array: np.ndarray) -> bytes:
    axes = struct.pack(f">4B{array.ndim}i", 0, 0, 8, array.ndim, *array.shape)
    return axes + array.tobytes()


@pytest.mark.parametrize("pixels", [GREY, COLOURS], ids=["grey", "colours"])
def test_pictures_with_labels(pixels, tmp_path):
    path = tmp_path / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(_body(pixels)))
    labels = np.arange(len(pixels), dtype=np.uint8)
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(_body(labels))
    rows = list(idx.read(path, "image", "label"))
    channels = 3 if pixels.ndim == 4 else 1
    found = [codecs.pixels(row.values["image"], channels) for row in rows]
    np.testing.assert_array_equal(found, pixels.reshape(*pixels.shape[:3], channels))
    assert [row.values["label"] for row in rows] == labels.tolist()
    assert [row.line for row in rows] == list(range(1, len(pixels) + 1))
    assert list(next(idx.read(path, "image", "")).values) == ["image"]


LABELS = np.zeros(3, np.uint8)
WRONG = {
    "ends in picture 3 of 3": (_body(GREY)[:-1], _body(LABELS)),
    "ends in its header": (_body(GREY)[:9], _body(LABELS)),
    "no IDX file of unsigned bytes": (b"P5 3 4", _body(LABELS)),
    "must have 3 or 4 axes": (_body(GREY[0]), _body(LABELS)),
    "must hold pictures": (_body(COLOURS[..., :2]), _body(LABELS)),
    "has 2 labels, .* 3 pictures": (_body(GREY), _body(LABELS[:2])),
    "There is no .*labels-idx1": (_body(GREY), None),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_is_wrong_is_told(message, tmp_path):
    pixels, labels = WRONG[message]
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(pixels)
    if labels is not None:
        (tmp_path / "train-labels-idx1-ubyte").write_bytes(labels)
    with pytest.raises(errors.UserError, match=message) as told:
        list(idx.read(path, "image", "label"))
    assert str(path) in str(told.value) or labels is None


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte"], {"train", "test"}),
        (["train-images.idx3-ubyte", "train-labels.idx1-ubyte"], {"train"}),
        (["train/", "val/", "other/"], {"train", "validation"}),
        (["cats/", "dogs/", "test/"], set()),
        (["t10k-images-idx3-ubyte"], set()),
    ],
)
def test_parts_of_a_folder(names, found, tmp_path):
    for name in names:
        path = tmp_path / name
        path.mkdir() if name.endswith("/") else path.write_bytes(b"")
    assert picture_files.parts(tmp_path).keys() == found
