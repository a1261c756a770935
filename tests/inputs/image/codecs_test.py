"""Every format gives the pixels that Pillow gives; what is broken is told."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from PIL import ImageOps

from tests.support import pictures
from tfm import errors
from tfm.inputs.image import codecs

PIXELS = pictures.smooth()
PICTURE = Image.fromarray(PIXELS)
GREY = PICTURE.convert("L")
ROTATED = Image.Exif()
ROTATED[0x0112] = 6  # a quarter turn
ALPHA = Image.fromarray(np.dstack([PIXELS, pictures.smooth(channels=1, seed=1)]))
DEEP = Image.fromarray((np.asarray(GREY, np.int32) * 257).astype(np.uint16))


def _deep_colours() -> bytes:
    """A PNG of 16 bits in each of three channels."""
    return tf.io.encode_png(PIXELS.astype(np.uint16) * 257).numpy()


CASES = {  # bytes, whether they stay as they are, tolerance
    "jpeg": (pictures.encoded(PICTURE, "JPEG"), True, 1),
    "grey jpeg": (pictures.encoded(GREY, "JPEG"), True, 1),
    "progressive jpeg": (pictures.encoded(PICTURE, "JPEG", progressive=True), True, 1),
    "cmyk jpeg": (pictures.encoded(PICTURE.convert("CMYK"), "JPEG"), False, 0),
    "rotated jpeg": (pictures.encoded(PICTURE, "JPEG", exif=ROTATED), False, 0),
    "png": (pictures.encoded(PICTURE, "PNG"), True, 0),
    "grey png": (pictures.encoded(GREY, "PNG"), True, 0),
    "palette png": (pictures.encoded(PICTURE.quantize(16), "PNG"), False, 0),
    "black and white png": (pictures.encoded(GREY.convert("1"), "PNG"), False, 0),
    "alpha png": (pictures.encoded(ALPHA, "PNG"), False, 0),
    "grey alpha png": (pictures.encoded(ALPHA.convert("LA"), "PNG"), False, 0),
    "16 bit png": (pictures.encoded(DEEP, "PNG"), False, 0),
    "16 bit colours png": (_deep_colours(), False, 0),
    "rotated png": (pictures.encoded(PICTURE, "PNG", exif=ROTATED), False, 0),
    "gif": (pictures.encoded(PICTURE, "GIF"), False, 0),
    "bmp": (pictures.encoded(PICTURE, "BMP"), False, 0),
    "webp": (pictures.encoded(PICTURE, "WEBP", lossless=True), False, 0),
    "tiff": (pictures.encoded(PICTURE, "TIFF"), False, 0),
}


def _decoded(data: bytes, channels: int) -> np.ndarray:
    """As the graph decodes."""
    decode = {"channels": channels, "dct_method": "INTEGER_ACCURATE"}
    return tf.io.decode_jpeg(data, **decode).numpy()


def _by_pillow(data: bytes) -> Image.Image:
    """As one would open it with Pillow, 8 bits, over white."""
    picture = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    if picture.mode == "I;16":
        picture = Image.fromarray((np.asarray(picture) // 257).astype(np.uint8))
    if "A" in picture.mode:
        white = Image.new("RGBA", picture.size, "white")
        white.paste(picture.convert("RGBA"), mask=picture.getchannel("A"))
        picture = white
    return picture.convert("RGB")


@pytest.mark.parametrize("name", CASES)
def test_pixels_are_those_of_pillow(name):
    data, stays, tolerance = CASES[name]
    made = codecs.plain(data, 3)
    assert (made is data) == stays
    expected = np.asarray(_by_pillow(data)).astype(int)
    found = _decoded(made, 3).astype(int)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= tolerance + ("alpha" in name)
    if "rotated" in name:
        assert found.shape == (32, 24, 3)
    if tolerance == 0:
        assert (codecs.pixels(data, 3) == found).all()


@pytest.mark.parametrize("name", CASES)
def test_grey_is_that_of_pillow(name):
    data, _, tolerance = CASES[name]
    found = _decoded(codecs.plain(data, 1), 1)[..., 0].astype(int)
    expected = np.asarray(_by_pillow(data).convert("L")).astype(int)
    assert np.abs(found - expected).max() <= 2 * tolerance + ("alpha" in name)


def test_the_first_frame_of_several():
    frames = [Image.fromarray(pictures.smooth(seed=n)).quantize(8) for n in range(3)]
    options = {"save_all": True, "append_images": frames[1:]}
    for format in ("GIF", "WEBP", "PNG"):
        several = pictures.encoded(frames[0], format, lossless=True, **options)
        found = _decoded(codecs.plain(several, 3), 3)
        assert found.shape == PIXELS.shape
        expected = np.asarray(frames[0].convert("RGB"), int)
        assert np.abs(found.astype(int) - expected).max() <= 1, format


JPEG, PNG = CASES["jpeg"][0], CASES["png"][0]


@pytest.mark.parametrize(
    "data", [b"", b"no picture at all", JPEG[:-200], PNG[:-40], PNG[:60], JPEG[:20]]
)
def test_what_is_broken_is_told(data):
    assert codecs.problem(data).startswith("no picture: ")
    assert "\n" not in codecs.problem(data)
    with pytest.raises(errors.RowError, match="no picture: "):
        codecs.plain(data, 3)


def test_pictures_come_in_many_ways(tmp_path):
    (tmp_path / "a.png").write_bytes(PNG)
    assert codecs.encoded("a.png", tmp_path) == PNG
    assert codecs.encoded(tmp_path / "a.png") == PNG
    assert codecs.encoded({"bytes": PNG, "path": "elsewhere.png"}) == PNG
    assert codecs.encoded({"bytes": None, "path": "a.png"}, tmp_path) == PNG
    for value in (PIXELS, PICTURE):
        assert (_decoded(codecs.encoded(value), 3) == PIXELS).all()
    grey = np.asarray(GREY)[..., None]
    assert (_decoded(codecs.encoded(grey), 1) == grey).all()
    for wrong in (3, None, PIXELS.astype(float), "b.png", PIXELS[None]):
        with pytest.raises(errors.RowError, match="no picture: "):
            codecs.encoded(wrong, tmp_path)
