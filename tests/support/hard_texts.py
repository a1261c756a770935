"""Texts on which tokenizers go wrong: spaces, accents, marks that cannot be seen."""

import random

# every space of Unicode, and what ends a line
SPACES = [" ", "\t", "\n", "\r\n", "\v", "\f", "\x1c", "\x85", "\xa0", "\u1680"]
SPACES += [chr(code) for code in range(0x2000, 0x200B)]
SPACES += ["\u2028", "\u2029", "\u202f", "\u205f", "\u3000"]

UNSEEN = ["\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\xad", "\u200e", "\u061c"]
CONTROL = ["\x00", "\x01", "\x07", "\x1b", "\x7f", "\x9f", "\ufffd", "\ufff9", "\ue000"]

# names of special tokens, which are text where a user writes them
NAMES = ["<|endoftext|>", "</s>", "<s>", "<pad>", "<unk>", "<mask>", "<|im_start|>"]
NAMES += ["[SEP]", "[CLS]", "[MASK]", "[PAD]", "[UNK]", "[EOS]", "<extra_id_0>"]

WORDS = [
    "A naïve café in Málaga",
    "Ångström, Dvořák, Nguyễn Phúc, Łódź, Straße, ſ, ß, ẞ",
    "e\u0301 a\u030a o\u0308\u0323 ñ n\u0303 \u0301alone",
    "İstanbul, DİYARBAKIR, ışık, I\u0307",
    "안녕하세요 한국어 \u1112\u1161\u11ab\u1100\u1173\u11af",
    "ひらがな カタカナ ｶﾀｶﾅ が か\u3099 漢字かな交じり",
    "这部电影很好看。這部電影，不好看！ 龍龘 豈 \U00020bb7",
    "½ ² x³ ™ ﬁn ﬃ Ⅷ ℃ ㎏ ① ａｂｃ １２３ ª º µ Ω Å K",
    "हिन्दी می‌خواهم שָׁלוֹם مَرْحَبًا ไทย ខ្មែរ தமிழ்",
    "😀 ❤️ 👍🏽 👩‍👩‍👧 🏳️‍🌈 👨🏿‍🚀 🇩🇪 1️⃣ ☃",
    "The film isn't good, but the actors are: 8/10!",
    "don’t “quote” – dash — ellipsis… 3.14 12,345 1234567890 $5 50% C++ C#",
    "well-made e-mail@example.org https://a.b/c?d=e#f snake_case CamelCase",
    "Don’t watch it.<br /><br />A waste of time...",
    "do n't ca n't . , ? ! 's 've 're 'm",
    "Ġ Ċ ## ##a \u0120the ▁ ▅ ⁇ <0x00> <0xE5>",
    "#️⃣ \u0600\u0601 \u0e33 \u0f71\u0f72 ǅ ŉ ΐ ᾳ ΣΑΣ ς",
]
LONG = ["x" * 99, "x" * 100, "x" * 101, "á" * 120, "語" * 120, "ab" * 60, "x" * 5000]
LONG += ["x, " * 2000, "é" + "\u0301" * 120, "1" * 120, "!" * 120, " " * 120]

HARD = [
    "",
    *WORDS,
    *LONG,
    *SPACES,
    *(f"one{space}two{space}{space}three" for space in SPACES),
    *(f"{space}at the ends{space}" for space in SPACES),
    *(f"caf\xe9{mark}na{mark}\xefve" for mark in UNSEEN + CONTROL),
    *UNSEEN,
    *CONTROL,
    *NAMES,
    *(f"it says {name} in the middle, {name}{name} and x{name}y." for name in NAMES),
    " ".join(NAMES),
    "PAD [pad] [ PAD ] [ MASK] <|END|>",
]

# code points that strings are drawn from: blocks with traps, then all of Unicode
_BLOCKS = [(0x20, 0x7F), (0x20, 0x7F), (0x61, 0x7B), (0x00, 0x100), (0x100, 0x250)]
_BLOCKS += [(0x300, 0x370), (0x370, 0x530), (0x590, 0x700), (0x900, 0xE80)]
_BLOCKS += [(0x1100, 0x1200), (0x1E00, 0x2000), (0x2000, 0x2070), (0x2070, 0x2200)]
_BLOCKS += [(0x3000, 0x3100), (0x4E00, 0x9FFF), (0xAC00, 0xD7A4), (0xF900, 0xFB50)]
_BLOCKS += [(0xFE00, 0xFFFE), (0x1F000, 0x1FB00), (0x20000, 0x2FA20), (0, 0x110000)]


def random_texts(number: int = 2000, seed: int = 0) -> list[str]:
    """Strings of up to 60 characters of a few blocks of Unicode each; seeded.

    Names of special tokens stand among them. No surrogates: those are no text.
    """
    chance = random.Random(seed)
    found = []
    for _ in range(number):
        blocks = chance.choices(_BLOCKS, k=chance.randint(1, 4))
        parts = [_character(chance, blocks) for _ in range(chance.randrange(60))]
        for _ in range(chance.choice([0, 0, 0, 1, 2])):
            part = chance.choice(NAMES + SPACES + UNSEEN)
            parts.insert(chance.randrange(len(parts) + 1), part)
        found.append("".join(parts))
    return found


def _character(chance: random.Random, blocks: list[tuple[int, int]]) -> str:
    first, end = chance.choice(blocks)
    code = chance.randrange(first, end)
    return " " if 0xD800 <= code < 0xE000 else chr(code)
