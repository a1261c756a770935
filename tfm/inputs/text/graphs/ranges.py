"""Ranges of code points, as classes of a regular expression have them.

Unicode has characters in planes 0 to 3 and 14 alone; of others nothing is known, so
none of them is asked for.
"""

from collections.abc import Iterable

import numpy as np

END = 0xE1000  # above all code points that are asked for
ALL = np.array(
    [*range(0xD800), *range(0xE000, 0x34000), *range(0xE0000, END)], np.int32
).tolist()


def runs(codes: Iterable[int]) -> list[tuple[int, int]]:
    """The first and the last of each run of neighbours, in order."""
    codes = np.array(sorted(codes), np.int64)
    if not len(codes):
        return []
    ends = np.flatnonzero(np.diff(codes) > 1)
    firsts, lasts = codes[np.r_[0, ends + 1]], codes[np.r_[ends, len(codes) - 1]]
    return [*zip(firsts.tolist(), lasts.tolist(), strict=True)]


def written(codes: Iterable[int]) -> str:
    r"""Inside of a class [...], as \x{9}-\x{d}\x{20}, for RE2 and Oniguruma."""
    return "".join(
        rf"\x{{{first:x}}}" if first == last else rf"\x{{{first:x}}}-\x{{{last:x}}}"
        for first, last in runs(codes)
    )
