"""Pretrained word vectors in files: GloVe, word2vec, fastText's .vec, a .npy table.

A file is read as a stream, and only the vectors that are asked for are kept.
N words, D width.
"""

import collections
import contextlib
import dataclasses
import io
import pathlib
import re
import typing
from collections.abc import Collection
from collections.abc import Iterator
from typing import Literal

from tfm import errors
from tfm.data.readers import locations
from tfm.data.readers import streams

if typing.TYPE_CHECKING:
    import numpy as np

Layout = Literal["glove", "word2vec", "word2vec binary", "table"]
_START = 2**18  # bytes that tell the layout
_LINES = 100  # of them
_READ = 2**22  # bytes of a binary file at a time
_LONGEST = 2**12  # bytes of a word
_HEADER = re.compile(rb"(\d+) (\d+)")  # N D
_NUMPY = b"\x93NUMPY"
_FASTTEXT = b"\xba\x16\x4f\x2f"  # begins a model with its subwords


@dataclasses.dataclass(frozen=True)
class VectorFile:
    """A file of word vectors, of which the beginning was read; made by `find`.

    Attributes:
      path: where it is.
      member: of a zip.
      layout: glove: `word v1 ... vD` a line; word2vec: the same under a line `N D`;
        word2vec binary: float32 under that line; table: a .npy [N, D].
      width: D.
      num_words: N, where the file says so.
    """

    path: pathlib.Path
    member: str
    layout: Layout
    width: int
    num_words: int | None = None

    @property
    def origin(self) -> str:
        """The file as messages name it."""
        return _origin(self.path, self.member)


@dataclasses.dataclass
class Found:
    """Vectors of a file: float32 [D] by word; and counts of what was read."""

    vectors: dict[str, "np.ndarray"] = dataclasses.field(default_factory=dict)
    num_words: int = 0
    skipped: collections.Counter = dataclasses.field(  # by reason
        default_factory=collections.Counter
    )


def find(spec: str) -> VectorFile:
    """Finds a file of word vectors; its layout is told by its beginning.

    Args:
      spec: a path, URL, `package:NAME/FILE` or `FILE.zip#NAME`; perhaps compressed
        (.gz, .bz2, .xz, a .zip of one file). Beside a .npy lie its words.

    Raises:
      UserError: there is no such file, or it holds no word vectors.
    """
    path, member = _place(spec)
    origin = _origin(path, member)
    with _opened(path, member) as stream:
        start = stream.read(_START)
    if not start:
        raise errors.UserError(f"{origin} is empty.")
    if start.startswith(_NUMPY):
        from tfm.data.readers import vector_tables

        num_words, width = vector_tables.shape(path)
        return VectorFile(path, member, "table", width, num_words)
    if start.startswith(_FASTTEXT):
        raise errors.UserError(
            f"{origin} is a fastText model, with vectors of subwords. "
            "Give the file of its word vectors, which ends in .vec."
        )
    first, _, rest = start.partition(b"\n")
    header = _HEADER.fullmatch(first.strip())
    if header:
        num_words, width = map(int, header.groups())
        layout = _under_header(rest.partition(b"\n")[0], width, origin)
        return VectorFile(path, member, layout, width, num_words)
    lines = start.split(b"\n")[:_LINES]
    if len(start) == _START and 1 < len(lines) < _LINES:
        lines = lines[:-1]  # which is cut
    return VectorFile(path, member, "glove", _width(lines, origin))


def read(file: VectorFile, wanted: Collection[str]) -> Found:
    """The vectors of the wanted words; of a word that comes twice the first one.

    Lines with too few or too many numbers, and vectors that are not finite, are left
    out and counted.

    Raises:
      UserError: the file is damaged, or shorter than it says.
    """
    import numpy as np

    found = Found()
    if file.layout == "table":
        from tfm.data.readers import vector_tables

        pairs = vector_tables.read(file.path, file.num_words, wanted, found)
        keys = {}
    else:
        # as bytes, so that words which are not UTF-8 need no care
        keys = {word.encode(errors="surrogatepass"): word for word in wanted}
        with_numbers = _binary if file.layout == "word2vec binary" else _text
        pairs = with_numbers(file, keys, found)
    for word, vector in pairs:
        name = keys.get(word, word)
        if name in found.vectors:
            continue
        if np.isfinite(vector).all():
            found.vectors[name] = vector
        else:
            found.skipped["with numbers that are not finite"] += 1
    return found


def _text(
    file: VectorFile, keys: Collection[bytes], found: Found
) -> Iterator[tuple[bytes, "np.ndarray"]]:
    import numpy as np

    width = file.width
    with _opened(file.path, file.member) as stream:
        if file.layout == "word2vec":
            stream.readline()
        for line in stream:
            line = line.rstrip()
            if not line:
                continue
            found.num_words += 1
            spaces = line.count(b" ")
            if spaces < width:
                found.skipped[f"with fewer than {width} numbers"] += 1
                continue
            if spaces == width:
                word, _, numbers = line.partition(b" ")
            else:  # the word holds spaces
                word = line.rsplit(b" ", width)[0]
                numbers = line[len(word) + 1 :]
                first, *others = word.split(b" ")
                if first in keys and _are_numbers(others):
                    found.skipped[f"with more than {width} numbers"] += 1
                    continue
            if word not in keys:
                continue
            try:
                yield word, np.array([*map(float, numbers.split(b" "))], np.float32)
            except ValueError:
                found.skipped["with what is no number"] += 1
    if file.num_words and found.num_words < file.num_words:
        raise errors.UserError(
            f"{file.origin} ends after {found.num_words:,} of {file.num_words:,} "
            "words: it is not whole."
        )


def _binary(
    file: VectorFile, keys: Collection[bytes], found: Found
) -> Iterator[tuple[bytes, "np.ndarray"]]:
    import numpy as np

    size = 4 * file.width
    buffer, at = b"", 0
    with _opened(file.path, file.member) as stream:
        stream.readline()
        for number in range(file.num_words or 0):
            if len(buffer) - at < size + _LONGEST:
                buffer, at = buffer[at:] + stream.read(_READ + size), 0
            end = buffer.find(b" ", at)
            if end < 0 or end + 1 + size > len(buffer):
                raise errors.UserError(
                    f"{file.origin} ends after {number:,} of {file.num_words:,} words: "
                    "it is not whole."
                )
            word, at = buffer[at:end].lstrip(b"\n"), end + 1 + size
            found.num_words += 1
            if word in keys:
                yield word, np.frombuffer(buffer, "<f4", file.width, end + 1).copy()


def _under_header(line: bytes, width: int, origin: str) -> Layout:
    """The layout by the line, if it is one, that follows `N D`."""
    there = _trailing_numbers(line)
    if there == width:
        return "word2vec"
    if there:
        raise errors.UserError(
            f"{origin} says in its first line that a word has {width} numbers; "
            f"its second line has {there}."
        )
    return "word2vec binary"


def _width(lines: list[bytes], origin: str) -> int:
    """D of GloVe's lines: what most of them have."""
    counts = collections.Counter(_trailing_numbers(line) for line in lines if line)
    width, count = max(counts.items(), key=lambda item: item[1], default=(0, 0))
    if not width or 2 * count < counts.total():
        shown = lines[0][:40].decode(errors="replace")
        raise errors.UserError(
            f"{origin} holds no word vectors. A line is a word and D numbers "
            "(GloVe), below a first line N D (word2vec, text or binary). "
            f"Its first line begins {shown!r}."
        )
    return width


def _trailing_numbers(line: bytes) -> int:
    """Count of the numbers behind the first word of a line."""
    _, *fields = line.rstrip().split(b" ")
    count = 0
    for field in reversed(fields):
        if not _are_numbers([field]):
            break
        count += 1
    return count


def _are_numbers(fields: list[bytes]) -> bool:
    try:
        return all(True for _ in map(float, fields))
    except ValueError:
        return False


def _place(spec: str) -> tuple[pathlib.Path, str]:
    """The path of a file, and the name of one in it if it is a zip."""
    archive, mark, member = spec.rpartition("#")
    if not (mark and archive.lower().endswith(".zip")):
        archive, member = spec, ""
    files = locations.files(archive, "text")
    if len(files) != 1:
        raise errors.UserError(
            f"Word vectors are read from one file. {spec} holds {len(files)}."
        )
    path = files[0].path
    if path.suffix.lower() == ".zip" and not member:
        with _told(str(path)):
            members = streams.members(path)
        if len(members) > 1:
            raise errors.UserError(
                f"{spec} holds {len(members)} files: {', '.join(members[:5])}. "
                f"Name one, as {spec}#{members[0]}."
            )
    return path, member


def _origin(path: pathlib.Path, member: str) -> str:
    return f"{path}#{member}" if member else str(path)


@contextlib.contextmanager
def _opened(path: pathlib.Path, member: str) -> Iterator[io.BufferedReader]:
    """A file's bytes, decompressed."""
    with _told(_origin(path, member)), streams.unpacked(path, member) as stream:
        yield stream


@contextlib.contextmanager
def _told(origin: str) -> Iterator[None]:
    """Tells in one line what is wrong with a file."""
    try:
        yield
    except streams.DAMAGED as error:
        raise errors.UserError(f"{origin} is not whole: {error}.") from error
    except OSError as error:
        raise errors.UserError(
            f"{origin} cannot be read: {error.strerror or error}."
        ) from error
