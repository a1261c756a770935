"""Pipelines made of vocabulary files, beside the library's own and beside BERT's paper.

WordPiece and byte-level BPE, from Hugging Face folders and from KerasHub presets.
"""

import json
import string
import unicodedata

import keras_nlp
import pytest
from tokenizers import implementations

from tests.support import hard_texts
from tests.support import published_tokenizers
from tests.support import small_preset
from tfm import inputs
from tfm.inputs.text import definition
from tfm.inputs.text import pipelines
from tfm.inputs.text import published_ids

TEXTS = hard_texts.HARD + hard_texts.random_texts()


def _learn(preset, **fields):
    fields = {"enclose": False} | fields
    return inputs.PretrainedText(preset=str(preset), **fields).fit().tokenizer


def _check_same(ours, theirs) -> None:
    theirs.encode_special_tokens = True
    rows = ours.encode(TEXTS, truncate=False)
    expected = theirs.encode_batch(TEXTS, add_special_tokens=False)
    for text, row, one in zip(TEXTS, rows, expected, strict=True):
        assert ours.ids.theirs[row].tolist() == one.ids, repr(text)
    ids = [one.ids for one in expected]
    decoded = theirs.decode_batch(ids, skip_special_tokens=False)
    assert ours.decode(rows) == decoded


def _vocabulary(shape: str, folder) -> dict:
    """A learnt model's part of tokenizer.json."""
    published_tokenizers.write(shape, folder)
    body = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    (folder / "tokenizer.json").unlink()
    return body["model"]


@pytest.mark.parametrize(
    "options",
    [
        {"do_lower_case": True},
        {"do_lower_case": False},
        {"do_lower_case": True, "strip_accents": False},
        {"do_lower_case": False, "strip_accents": True},
        {"do_lower_case": True, "tokenize_chinese_chars": False},
    ],
)
def test_the_vocabulary_of_a_bert(tmp_path, options):
    known = _vocabulary("bert", tmp_path)["vocab"]
    names = sorted(known, key=known.get)
    (tmp_path / "vocab.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    published_tokenizers.write_json(tmp_path / "tokenizer_config.json", options)
    theirs = implementations.BertWordPieceTokenizer(
        str(tmp_path / "vocab.txt"),
        lowercase=options["do_lower_case"],
        strip_accents=options.get("strip_accents"),
        handle_chinese_chars=options.get("tokenize_chinese_chars", True),
    )
    ours = _learn(tmp_path)
    _check_same(ours, theirs._tokenizer)
    assert ours.id_of("[MASK]") == 4 and ours.special_ids == {0, 2, 3, 4}


@pytest.mark.parametrize(
    "names", [("vocab.json", "merges.txt"), ("encoder.json", "vocab.bpe")]
)
@pytest.mark.parametrize("prefix", [False, True])
def test_the_vocabulary_of_a_gpt2(tmp_path, names, prefix):
    model = _vocabulary("gpt2", tmp_path)
    vocabulary, merges = (tmp_path / name for name in names)
    published_tokenizers.write_json(vocabulary, model["vocab"])
    lines = ["#version: 0.2", *map(" ".join, model["merges"])]
    merges.write_text("\n".join(lines) + "\n", encoding="utf-8")
    config = {"add_prefix_space": prefix}
    published_tokenizers.write_json(tmp_path / "tokenizer_config.json", config)
    theirs = implementations.ByteLevelBPETokenizer(
        str(vocabulary), str(merges), add_prefix_space=prefix
    )
    ours = _learn(tmp_path)
    _check_same(ours, theirs._tokenizer)
    assert ours.tokens([ours.eos_id]) == ["<|endoftext|>"]


def test_a_kerashub_bert_and_gpt2(tmp_path):
    known = _vocabulary("bert_cased", tmp_path / "learnt")["vocab"]
    names = sorted(known, key=known.get)
    for lowercase in (True, False):
        library = keras_nlp.models.BertTokenizer(names, lowercase=lowercase)
        folder = tmp_path / f"bert-{lowercase}"
        fields = {"vocabulary_size": len(names)}
        small_preset.write(folder, tokenizer=library, **fields)
        theirs = implementations.BertWordPieceTokenizer(known, lowercase=lowercase)
        _check_same(_learn(folder), theirs._tokenizer)
    preset = small_preset.gpt2(tmp_path / "gpt2")
    asset = tmp_path / "gpt2/assets/tokenizer"
    theirs = implementations.ByteLevelBPETokenizer(
        str(asset / "vocabulary.json"), str(asset / "merges.txt")
    )
    _check_same(_learn(preset), theirs._tokenizer)


@pytest.mark.parametrize("lowercase", [True, False])
def test_words_of_bert_as_its_authors_divide_texts(tmp_path, lowercase):
    body = _vocabulary("bert", tmp_path)
    ours = definition.Definition(
        pipelines.word_pieces(body["vocab"], lowercase=lowercase),
        published_ids.SpecialIds(2, 3, 4, 0),
        "-",
    )
    # of old characters alone, on which the tables of Python and the library agree
    texts = [t for t in TEXTS if all(unicodedata.ucd_3_2_0.name(c, "") for c in t)]
    texts += hard_texts.WORDS + hard_texts.LONG + hard_texts.NAMES
    texts += [f"caf\xe9{mark}na\xefve" for mark in hard_texts.SPACES]
    texts += [f"caf\xe9{mark}na\xefve" for mark in hard_texts.UNSEEN]
    assert len(texts) > 300
    for text, row in zip(texts, ours.encode(texts), strict=True):
        assert row == _by_the_paper(text, body["vocab"], lowercase), repr(text)


def _by_the_paper(text: str, vocabulary: dict[str, int], lowercase: bool) -> list[int]:
    """google-research/bert, tokenization.py, in short; letters are folded singly."""
    kept = []
    for letter in text:
        category = unicodedata.category(letter)
        if letter in " \t\n\r" or category == "Zs":
            kept.append(" ")
        elif letter in "\0\ufffd" or category[0] == "C":
            continue
        elif _is_chinese(ord(letter)):
            kept.append(f" {letter} ")
        else:
            kept.append(letter)
    ids = []
    for word in "".join(kept).split():
        if lowercase:
            word = unicodedata.normalize("NFD", "".join(c.lower() for c in word))
            word = "".join(c for c in word if unicodedata.category(c) != "Mn")
        for letter in word:
            is_mark = letter in string.punctuation
            if is_mark or unicodedata.category(letter)[0] == "P":
                word = word.replace(letter, f" {letter} ")
        for part in word.split():
            ids += _pieces(part, vocabulary)
    return ids


def _is_chinese(code: int) -> bool:
    blocks = [
        (0x4E00, 0x9FFF),
        (0x3400, 0x4DBF),
        (0x20000, 0x2A6DF),
        (0x2A700, 0x2B73F),
    ]
    blocks += [(0x2B740, 0x2B81F), (0x2B820, 0x2CEAF), (0xF900, 0xFAFF)]
    return any(first <= code <= last for first, last in [*blocks, (0x2F800, 0x2FA1F)])


def _pieces(word: str, vocabulary: dict[str, int]) -> list[int]:
    """The longest piece first, from the left."""
    unknown = [vocabulary["[UNK]"]]
    if len(word) > 100:
        return unknown
    ids, start = [], 0
    while start < len(word):
        for end in range(len(word), start, -1):
            piece = ("##" if start else "") + word[start:end]
            if piece in vocabulary:
                break
        else:
            return unknown
        ids.append(vocabulary[piece])
        start = end
    return ids


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("gpt2", ["IT", "'", "S", "Ġ", "Ġ", "1234", "!!", "Ċ", "e", "Ì", "ģ"]),
        ("llama3", ["IT", "'S", "Ġ", "Ġ", "123", "4", "!!Ċ", "e", "Ì", "ģ"]),
        ("qwen2", ["IT", "'S", "Ġ", "Ġ", *"1234", "!!Ċ", "Ã", "©"]),
    ],
)
def test_each_model_divides_texts_by_its_own_pattern(words, shown):
    letters = sorted({*"IT'S1234!e", "Ġ", "Ċ", "Ì", "ģ", "Ã", "©"})
    merges = [("I", "T"), ("'", "S"), ("1", "2"), ("12", "3"), ("123", "4")]
    merges += [("!", "!"), ("!!", "Ċ")]
    pieces = [*letters, *map("".join, merges)]
    vocabulary = {piece: id for id, piece in enumerate(pieces)}
    body = pipelines.byte_pairs(vocabulary, merges, words=words)
    ours = definition.Definition(body, published_ids.SpecialIds(), "-")
    (row,) = ours.encode(["IT'S  1234!!\ne\u0301"])
    assert [ours.tokens[id] for id in row] == shown


def test_a_wordpiece_vocabulary_has_an_unknown_token():
    with pytest.raises(ValueError, match=r"the vocabulary must hold \[UNK\]"):
        pipelines.word_pieces({"a": 0}, lowercase=True)
