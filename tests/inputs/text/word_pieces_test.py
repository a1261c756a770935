"""Scripts without spaces between words, and words of great length: nothing is lost."""

import base64
import random

import numpy as np
import pytest

from tests.support import hard_texts
from tfm import inputs
from tfm.inputs.text import backends
from tfm.inputs.text import normalization
from tfm.inputs.text import tokenizer as tokenizer_module
from tfm.inputs.text import word_pieces

_CHANCE = random.Random(0)
_THAI = ["เพราะ", "วันนี้", "ต้นไม้", "ดื่ม", "ใหญ่", "สวย", "ตลาด", "แต่", "น้ำ", "ปลา"]
_THAI += ["ผู้หญิง", "เด็ก", "แม่น้ำ", "บ้าน", "ข้าว"]
_LINKS = ["film", "films", "actor", "review", "page", "id", "sort", "year", "watch"]

UNSPACED = {
    "Thai": ["".join(_CHANCE.choices(_THAI, k=60)) for _ in range(30)],
    "Lao": ["ຂ້ອຍມັກເບິ່ງໜັງເລື່ອງນີ້ຫຼາຍເພາະວ່ານັກສະແດງເກັ່ງ" * 3],
    "Khmer": ["ខ្ញុំចូលចិត្តមើលភាពយន្តនេះណាស់ព្រោះតួសម្តែងល្អ" * 3],
    "Burmese": ["ဒီရုပ်ရှင်ကိုကြည့်ရတာကျွန်တော်အရမ်းသဘောကျတယ်" * 3],
    "Chinese": ["这部电影很好看演员也很好但是故事太长了我不会再看一次" * 5],
    "Japanese": [
        "この映画はとても面白かったけれどストーリーがちょっと長すぎると思いました" * 4
    ],
    "kana": ["すもももももももものうちにわにはにわにわとりがいるカタカナコーヒー" * 4],
}
LONG = {
    "DNA": ["".join(_CHANCE.choices("acgt", k=5000))],
    "base64": [base64.b64encode(_CHANCE.randbytes(900)).decode()],
    "URL": [
        "https://example.org/"
        + "/".join(_CHANCE.choices(_LINKS, k=60))
        + "?q="
        + "x1" * 90
    ],
    "one letter": ["a" * 200, "b a"],
}
ENGLISH = "the film was good and the actors were good too. " * 4
METHODS = ["word", "wordpiece", "bpe", "unigram", "character", "byte"]
SPACED = ("word", "wordpiece")  # which give texts back but for white space


def learn(method, texts, **fields):
    fields = {"vocab_size": 1500, "lowercase": False} | fields
    return backends.learn(inputs.Text(method=method, **fields), texts)


def without_spaces(text):
    return "".join(text.split())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", [*UNSPACED, *LONG])
def test_every_text_comes_back(name, method):
    texts = {**UNSPACED, **LONG}[name]
    tokenizer = learn(method, [ENGLISH, *texts])
    rows = tokenizer.encode(texts, truncate=False)
    assert all(1 not in row for row in rows)
    decoded = tokenizer.decode(rows)
    if method in SPACED:
        decoded, texts = (list(map(without_spaces, t)) for t in (decoded, texts))
    assert decoded == [normalization.normalize(t, tokenizer.config) for t in texts]


@pytest.mark.parametrize("name", ["Thai", "Lao", "Khmer", "Burmese", "kana", *LONG])
def test_word_pieces_put_no_space_into_a_phrase(name):
    texts = {**UNSPACED, **LONG}[name]
    tokenizer = learn("wordpiece", texts)
    decoded = tokenizer.decode(tokenizer.encode(texts, truncate=False))
    if name in ("base64", "URL"):  # as around the punctuation of every text
        decoded, texts = (list(map(without_spaces, t)) for t in (decoded, texts))
    assert decoded == texts


def test_pieces_of_thai_are_words_that_occur_again():
    tokenizer = learn("wordpiece", UNSPACED["Thai"], vocab_size=200)
    other = "".join(random.Random(1).choices(_THAI, k=60))
    (row,) = tokenizer.encode([other], truncate=False)
    pieces = tokenizer.tokens(row)
    assert 1 not in row and len(row) <= 75 and len(other) > 220
    known = {piece.removeprefix("##") for piece in tokenizer.vocabulary}
    assert known.issuperset(_THAI)
    assert sum(piece.removeprefix("##") in _THAI for piece in pieces) > 20


def test_a_phrase_that_occurs_once_is_no_piece_and_a_word_is():
    tokenizer = learn("wordpiece", [UNSPACED["Thai"][0] + " seldom"], vocab_size=5000)
    assert "seldom" in tokenizer.vocabulary
    assert max(map(len, tokenizer.vocabulary)) < 40


def test_an_unknown_character_costs_itself_and_its_marks_alone():
    tokenizer = learn("wordpiece", ["กาดี มาดี ทาสี", "abc ab"] * 2)
    (row,) = tokenizer.encode(["มาฟื้ฮี่ดี abd zab"])
    assert tokenizer.tokens(row)[-2:] == ["[UNK]", "[UNK]"]  # words of a spaced script
    assert tokenizer.decode([row]) == ["มา [UNK]ดี [UNK] [UNK]"]
    assert tokenizer.decode(tokenizer.encode(["ฟ้ามา"])) == ["[UNK]ามา"]
    long = tokenizer.encode(["ab" * 60 + "z" + "ab" * 60])
    # no word had an "a" but at its beginning
    assert tokenizer.decode(long) == [" ".join(["ab"] * 60 + ["[UNK]"] + ["ab"] * 60)]
    tokenizer = learn("wordpiece", ["aab bba"])
    long = tokenizer.encode(["ab" * 60 + "z" + "ab" * 60])
    assert tokenizer.decode(long) == ["ab" * 60 + " [UNK]" + "ab" * 60]


def test_a_phrase_may_begin_with_each_of_its_characters():
    tokenizer = learn("wordpiece", ["กขคง"] * 3)
    rows = tokenizer.encode(["งคขก", "ขขขข", "ค"])
    assert all(1 not in row for row in rows)


def test_parts_to_learn_from_keep_marks_and_have_a_length():
    alphabet = word_pieces.both("กี้มา")
    assert [*word_pieces.learnable("กี้มาบกี้", alphabet)] == ["กี้มา", "กี้"]
    assert [*word_pieces.learnable("กิ้มา", alphabet)] == ["มา"]  # of กิ้ the ิ is unknown
    parts = [*word_pieces.learnable("กี้" * 50, alphabet)]
    assert parts == ["กี้" * 33, "กี้" * 17]
    assert [*word_pieces.learnable("ab", {"a"})] == []
    assert [*word_pieces.learnable("ab", {"a", "##b"})] == ["ab"]


@pytest.mark.parametrize("size", [200, 3000])
def test_other_words_are_learnt_as_without_the_phrases(size):
    texts = [text for text in hard_texts.WORDS if text.isascii()] + [ENGLISH]
    alone = learn("wordpiece", texts, vocab_size=size)
    room = learn("wordpiece", [*texts, "x" * 101], vocab_size=size)
    assert [p for p in room.vocabulary if set(p) - {"x", "#"}] == [
        p for p in alone.vocabulary if set(p) - {"x", "#"}
    ]


def test_a_long_phrase_of_a_corpus_gets_no_space(monkeypatch):
    monkeypatch.setattr(tokenizer_module, "LONGEST", 100)
    phrase = UNSPACED["Thai"][0]
    text = f"{phrase}\n{phrase} {phrase} a b {phrase}"
    for method in ("bpe", "unigram"):
        tokenizer = learn(method, [*UNSPACED["Thai"], "a b"])
        ids, lengths = tokenizer.encode_joined([text, phrase])
        assert tokenizer.decode(np.split(ids, lengths[:1])) == [text, phrase]


def test_pieces_that_are_cut_at_spaces_alone():
    def pieces(text):
        return normalization.pieces(text, 6, drop_space=True, anywhere=False)

    assert pieces("x" * 9) == ["x" * 9]
    assert pieces("x" * 9 + " yz") == ["x" * 9, "yz"]
    assert pieces("xx\nxx\nxx y") == ["xx\nxx\nxx", "y"]
    assert pieces("ab cd ef gh") == ["ab cd", "ef gh"]
