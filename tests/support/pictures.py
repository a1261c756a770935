"""Small pictures: those of two classes in folders, and one in every format."""

import io
import pathlib

import numpy as np
from PIL import Image


def encoded(picture: Image.Image, format: str, **options) -> bytes:
    """The bytes of a picture's file."""
    found = io.BytesIO()
    picture.save(found, format, **options)
    return found.getvalue()


def smooth(height: int = 24, width: int = 32, channels: int = 3, seed: int = 0):
    """A picture without sharp edges, uint8 [height, width, channels]."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (4, 4, channels), dtype=np.uint8)
    small = small[..., 0] if channels == 1 else small
    large = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(large).reshape(height, width, channels)


def bars(folder: pathlib.Path, count: int = 20, size: int = 8) -> pathlib.Path:
    """Grey pictures in CLASS/NUMBER.png, a bright column or row in noise."""
    rng = np.random.default_rng(0)
    for label in ("columns", "rows"):
        (folder / label).mkdir(parents=True)
        for number in range(count):
            pixels = rng.integers(0, 60, (size, size), dtype=np.uint8)
            line = rng.integers(1, size - 1)
            pixels[(slice(None), line) if label == "columns" else line] += 190
            Image.fromarray(pixels).save(folder / label / f"{number:02}.png")
    return folder
