"""Scripts that write no spaces between words.

Chinese characters are left out: each of them is a word to the tokenizers of words.
"""

import re

# first and last code points of blocks
_BLOCKS = [
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar (Burmese), and its extensions
    (0xA9E0, 0xA9FF),
    (0xAA60, 0xAA7F),
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19DF),  # Tai Le, New Tai Lue
    (0x1A20, 0x1AAF),  # Tai Tham
    (0xAA80, 0xAADF),  # Tai Viet
    (0x1B00, 0x1B7F),  # Balinese
    (0xA980, 0xA9DF),  # Javanese
    (0x3040, 0x30FF),  # Hiragana, Katakana, and their extensions
    (0x31F0, 0x31FF),
    (0xFF66, 0xFF9F),
    (0x1B000, 0x1B16F),
]
_RUN = re.compile(
    f"[{''.join(f'{chr(first)}-{chr(last)}' for first, last in _BLOCKS)}]+"
)


def within(text: str) -> bool:
    """Whether a text has a character of these scripts."""
    return not text.isascii() and _RUN.search(text) is not None


def count(text: str) -> int:
    """The number of a text's characters that are of these scripts."""
    return 0 if text.isascii() else sum(map(len, _RUN.findall(text)))
