"""Encoded pictures by Pillow: read, checked, and turned into what TensorFlow decodes.

TensorFlow's decoders give the same pixels as Pillow for JPEG (grey, RGB) and for PNG of
8 bits without alpha. Everything else is turned into such a PNG once: GIF (the first
frame), BMP, WebP, TIFF, CMYK, 16 bits, palettes with holes, alpha (over white), and
what EXIF says is to be rotated.
"""

import io
import os
import pathlib
import warnings

import numpy as np
from PIL import Image
from PIL import ImageOps

from tfm import errors

_ORIENTATION = 0x0112  # of EXIF
_DEPTH = 24  # the byte of a PNG that has the bits of a value
_PLAIN = ("L", "RGB")


def encoded(value: object, folder: str | os.PathLike = "") -> bytes:
    """The bytes of a picture's file.

    Args:
      value: these bytes; a path; {"bytes", "path"} as Hugging Face has it; a PIL.Image;
        or an array uint8 [height, width] or [height, width, 1 or 3].
      folder: that a path which is not absolute is of.

    Raises:
      RowError: it is none of these, or the file cannot be read.
    """
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, dict) and {"bytes", "path"} & value.keys():
        return encoded(value.get("bytes") or value.get("path"), folder)
    if isinstance(value, str | os.PathLike):
        try:
            return (pathlib.Path(folder) / value).expanduser().read_bytes()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise errors.RowError(f"no picture: {value}: {reason}") from None
    if isinstance(value, np.ndarray) and value.dtype == np.uint8:
        if value.ndim == 3 and value.shape[2] == 1:
            value = value[..., 0]
        if value.ndim == 2 or value.shape[2:] == (3,):
            return _png(Image.fromarray(value))
    if isinstance(value, Image.Image):
        return _png(value)
    raise errors.RowError(
        "no picture: it must be a path, the bytes of a file, a PIL.Image or an array "
        f"uint8 [height, width, 1 or 3]. Got {type(value).__name__} {value!r:.40}"
    )


def problem(data: bytes) -> str:
    """The reason why a picture cannot be decoded whole; "" where it can."""
    try:
        with _quietly(), Image.open(io.BytesIO(data)) as picture:
            picture.draft("L", (1, 1))  # JPEG: an eighth is computed, all of it is read
            picture.load()
    except Exception as error:  # of many types, as the file is broken
        reason = str(error).partition("<")[0].strip() or type(error).__name__
        return f"no picture: {reason}" if data else "no picture: the file is empty"
    return ""


def plain(data: bytes, channels: int) -> bytes:
    """A picture that TensorFlow decodes as Pillow would; `data` itself if it is one.

    Args:
      data: encoded by any format.
      channels: 1 grey, 3 colours, as it will be decoded.

    Raises:
      RowError: it is broken.
    """
    if wrong := problem(data):
        raise errors.RowError(wrong)
    with _quietly(), Image.open(io.BytesIO(data)) as picture:
        if _is_plain(picture, data, channels):
            return data
        return _png(_turned(picture, channels))


def pixels(data: bytes, channels: int) -> np.ndarray:
    """A picture decoded by Pillow, uint8 [height, width, channels]."""
    with _quietly(), Image.open(io.BytesIO(data)) as picture:
        found = np.asarray(_turned(picture, channels))
    return found.reshape(*found.shape[:2], channels)


def _is_plain(picture: Image.Image, data: bytes, channels: int) -> bool:
    if picture.getexif().get(_ORIENTATION, 1) != 1 or picture.mode not in _PLAIN:
        return False
    if picture.format in ("JPEG", "MPO"):
        return True
    grey = picture.mode == "L" or channels == 3  # by Pillow's weights of the colours
    is_opaque = "transparency" not in picture.info
    return picture.format == "PNG" and data[_DEPTH] == 8 and grey and is_opaque


def _turned(picture: Image.Image, channels: int) -> Image.Image:
    """The first frame upright, of 8 bits, grey or in colours, over white."""
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I") or picture.mode == "F":
        values = np.asarray(picture, np.float64)
        is_16 = picture.mode != "F" and values.max(initial=0) > 255
        values = np.round(values / 257) if is_16 else values
        picture = Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))
    has_alpha = "A" in picture.mode or "a" in picture.mode
    if has_alpha or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture).convert("RGB")
    mode = "L" if channels == 1 else "RGB"
    return picture if picture.mode == mode else picture.convert(mode)


def _png(picture: Image.Image) -> bytes:
    found = io.BytesIO()
    picture.save(found, "PNG")
    return found.getvalue()


def _quietly():
    """Without warnings of what is odd and can be read, as very large pictures."""
    return warnings.catch_warnings(action="ignore")
