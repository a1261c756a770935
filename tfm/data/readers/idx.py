"""Rows of IDX files, plain or gzip: pictures as PNG, with the labels beside them.

The format is that of MNIST (yann.lecun.com/exdb/mnist): two zero bytes, the type, the
number of axes, their sizes, big-endian int32, then the values.
"""

import pathlib
import struct
import typing
from collections.abc import Iterator

from tfm import errors
from tfm.data.readers import formats
from tfm.data.readers import picture_files
from tfm.data.readers import streams

_BYTES = 8  # the type of unsigned bytes


def read(path: pathlib.Path, picture: str, label: str) -> Iterator[formats.Row]:
    """Yields the pictures of a file, each as the bytes of a PNG.

    Args:
      path: of the pictures, uint8 [n, height, width] or [n, height, width, 3].
      picture: the name of their column.
      label: of the labels' column; empty where they are not needed.

    Raises:
      UserError: a file is no whole IDX file, or they differ in length.
    """
    with streams.unpacked(path) as stream:
        (count, *shape) = _sizes(stream, path, (3, 4))
        if shape[2:] not in ([], [1], [3]) or 0 in shape:
            raise errors.UserError(
                f"{path} must hold pictures [n, height, width] or [n, height, width, "
                f"3]. It has [{', '.join(map(str, [count, *shape]))}]."
            )
        labels = _labels(picture_files.labels_of(path), count, path) if label else None
        size = shape[0] * shape[1] * (shape[2] if shape[2:] else 1)
        for number in range(count):
            values = stream.read(size)
            if len(values) < size:
                raise errors.UserError(
                    f"{path} ends in picture {number + 1:,} of {count:,}."
                )
            row = {picture: _png(values, shape)}
            if labels is not None:
                row[label] = labels[number]
            yield formats.Row(row, str(path), number + 1)


def _labels(path: pathlib.Path, count: int, pictures: pathlib.Path) -> bytes:
    with streams.unpacked(path) as stream:
        (found,) = _sizes(stream, path, (1,))
        values = stream.read(found)
    if found != count or len(values) != count:
        raise errors.UserError(
            f"{path} has {min(found, len(values)):,} labels, {pictures} {count:,} "
            "pictures."
        )
    return values


def _sizes(stream: typing.BinaryIO, path: pathlib.Path, axes) -> tuple[int, ...]:
    start = stream.read(4)
    if len(start) < 4 or start[:2] != b"\0\0" or start[2] != _BYTES:
        raise errors.UserError(f"{path} is no IDX file of unsigned bytes.")
    if start[3] not in axes:
        raise errors.UserError(
            f"{path} must have {' or '.join(map(str, axes))} axes. It has {start[3]}."
        )
    sizes = stream.read(4 * start[3])
    if len(sizes) < 4 * start[3]:
        raise errors.UserError(f"{path} ends in its header.")
    return struct.unpack(f">{start[3]}i", sizes)


def _png(values: bytes, shape) -> bytes:
    import io

    from PIL import Image

    mode = "RGB" if shape[2:] == [3] else "L"
    picture = Image.frombytes(mode, (shape[1], shape[0]), values)
    found = io.BytesIO()
    picture.save(found, "PNG")
    return found.getvalue()
