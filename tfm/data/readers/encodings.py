"""Text encodings: byte order marks, and a proposal where a file is in another one."""

import codecs
import functools
import glob
import pathlib
import re

from tfm.data.readers import streams

_SAMPLE = 2**20  # bytes that are looked at
_OTHERS = 20  # files beside it that are
_START = 2**16  # bytes of each
_MARKS = (  # of four bytes first: that of UTF-32 begins as that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# what people's files are in; among all that Python knows, short texts look like many
_USUAL = """
    cp1252 cp1250 cp1251 cp1253 cp1254 cp1255 cp1256 cp874 cp932 euc_jp iso2022_jp
    gb18030 big5 cp949 koi8_r cp866 iso8859_2 iso8859_15 iso8859_7 mac_roman cp850
"""


def by_mark(start: bytes, encoding: str) -> str:
    """The encoding that a byte order mark tells, where UTF-8 is expected."""
    if codecs.lookup(encoding).name != "utf-8":
        return encoding
    return next((name for mark, name in _MARKS if start.startswith(mark)), "utf-8")


def cure(origin: str, encoding: str) -> str:
    """One sentence on how to read a file that is not in `encoding`."""
    own = codecs.lookup(encoding).name
    found = [
        (n, word) for n, word in _proposals(origin) if codecs.lookup(n).name != own
    ]
    if not found:
        return "Another encoding is set with --data.encoding, such as cp1252"
    shown = " or ".join(f"{name} ({word!r})" for name, word in found)
    path = pathlib.Path(origin)
    if any(_is_in(other, encoding) for other in _beside(path)):
        return (
            f"It looks like {shown}, and others beside it are {encoding}: turn it into "
            f"that (iconv -f {found[0][0]} -t {encoding} {path.name})"
        )
    return f"It looks like {shown}: set --data.encoding={found[0][0]}"


def _beside(path: pathlib.Path) -> list[pathlib.Path]:
    """The first files of its folder that end alike, which one setting would be for."""
    try:
        others = sorted(path.parent.glob("*" + glob.escape(path.suffix)))
    except OSError:
        return []
    return [other for other in others if other != path][:_OTHERS]


def _is_in(path: pathlib.Path, encoding: str) -> bool:
    """Whether a file's start is valid in an encoding, and not in ASCII alone."""
    try:
        with streams.unpacked(path) as file:
            start = file.read(_START)
        if by_mark(start, encoding) != encoding:
            return False
        codecs.getincrementaldecoder(encoding)().decode(start)
    except (OSError, ValueError, *streams.DAMAGED):
        return False
    return not start.isascii()


@functools.lru_cache(maxsize=8)
def _proposals(origin: str) -> list[tuple[str, str]]:
    """The likeliest encodings of a file, at most two, each with a word read by it."""
    import charset_normalizer

    try:
        with streams.unpacked(pathlib.Path(origin)) as file:
            start = file.read(_SAMPLE)
    except (OSError, ValueError, *streams.DAMAGED):
        return []
    lines = [line for line in start.splitlines() if not line.isascii()]
    sample = b"\n".join(lines[:200])[: 2**16]
    matches = list(charset_normalizer.from_bytes(sample, cp_isolation=_USUAL.split()))
    if not matches:
        return []
    # those that are as likely as the best one; of equals the most frequent comes first
    close = [m for m in matches if m.chaos <= matches[0].chaos + 0.01]
    close = close[:1] + [m for m in close[1:2] if m.coherence > 0.1]
    names = sorted(
        {name for match in close for name in match.could_be_from_charset},
        key=lambda name: (name != "cp1252", name != matches[0].encoding),
    )
    texts = {sample.decode(name, "replace"): name for name in reversed(names)}
    kept = [name for name in names if name in texts.values()][:2]
    return [(name.replace("_", "-"), _word(sample, name)) for name in kept]


def _word(sample: bytes, encoding: str) -> str:
    """A word with a letter beyond ASCII."""
    words = re.findall(r"\w+", sample.decode(encoding, "replace"))
    return next((word[:20] for word in words if not word.isascii()), "")
