"""What holds for the tokenizers of every method."""

import hashlib
import os
import pathlib
import pickle
import random
import subprocess
import sys

import numpy as np
import pytest

from tests.support import hard_texts
from tfm import errors
from tfm import inputs
from tfm.inputs.text import backends
from tfm.inputs.text import normalization

METHODS = ["word", "wordpiece", "bpe", "unigram", "character", "byte"]
EXACT = ["bpe", "unigram", "character", "byte"]  # decode gives the text back
SPECIAL = ("[CLS]", "[MASK]", "<s>", "the")
TEXTS = [
    "The film isn't good, but the actors are: 8/10!",
    "Don’t watch it.<br /><br />A waste of time...",
    "这部电影很好看。这部电影不好看。",
    "Gut gespielt, schöne Musik 😀 ❤️",
    "סרט טוב מאוד\n\tفيلم جيد",
    "[PAD] [UNK] [MASK] [CLS] <s> </s> <0x00> the the",
] * 3
HARD = [*hard_texts.HARD, "a\udc80b \ud83d\ude00", "unseen 龍龘 Ω≈ç√"]


@pytest.fixture(scope="module", params=METHODS)
def method(request):
    return request.param


@pytest.fixture(scope="module")
def tokenizer(method):
    return learn(method)


def learn(method, texts=TEXTS, **fields):
    fields = {"vocab_size": 420, "special_tokens": SPECIAL} | fields
    return backends.learn(inputs.Text(method=method, **fields), iter(texts))


def test_the_first_ids_are_reserved(tokenizer):
    assert tokenizer.vocabulary[:6] == ["[PAD]", "[UNK]", *SPECIAL]
    ids = [tokenizer.id_of(token) for token in ("[PAD]", "[UNK]", *SPECIAL)]
    assert ids == list(range(6))
    assert tokenizer.first_word_id == 6
    assert tokenizer.vocab_size == len(tokenizer.vocabulary)


def test_no_text_gives_padding_or_special_ids(tokenizer):
    rows = tokenizer.encode(TEXTS + HARD + hard_texts.random_texts(300), truncate=False)
    ids = set(np.concatenate(rows).tolist())
    assert ids.isdisjoint({0, 2, 3, 4, 5})
    assert max(ids) < tokenizer.vocab_size


def test_rows_are_int32_and_one_for_each_text(tokenizer):
    rows = tokenizer.encode(HARD)
    assert len(rows) == len(HARD)
    assert {(row.dtype, row.ndim) for row in rows} == {(np.dtype(np.int32), 1)}
    assert rows[0].tolist() == []
    assert tokenizer.encode([]) == []


def test_a_text_is_encoded_alike_alone_and_among_thousands(tokenizer):
    texts = hard_texts.random_texts(1500)
    rows = tokenizer.encode(texts)
    for index in (0, 1023, 1024, 1499):
        assert rows[index].tolist() == tokenizer.encode([texts[index]])[0].tolist()


@pytest.mark.parametrize("method", EXACT, scope="module")
def test_round_trip(method, tokenizer):
    texts = TEXTS + [
        text for text in HARD + hard_texts.random_texts(300) if "▁" not in text
    ]
    if method == "character":
        tokenizer = learn(method, texts, vocab_size=10_000)
    decoded = tokenizer.decode(tokenizer.encode(texts, truncate=False))
    expected = [normalization.normalize(text, tokenizer.config) for text in texts]
    assert decoded == expected


def test_decode_drops_padding_and_special_tokens(tokenizer):
    (row,) = tokenizer.encode(["the film"])
    padded = [2, *row, 5, 3, 0, 0, -100]
    assert tokenizer.decode([padded, row, [0, 0], []])[:2] == ["the film"] * 2
    assert tokenizer.decode([padded, row, [0, 0], []])[2:] == ["", ""]
    assert tokenizer.decode(np.array([row, row])) == ["the film"] * 2


def test_tokens_are_named_for_display(tokenizer):
    (row,) = tokenizer.encode(["the film"])
    pieces = tokenizer.tokens([2, *row, 0])
    assert pieces[0] == "[CLS]"
    assert pieces[-1] == "[PAD]"
    shown = "".join(pieces[1:-1]).replace("▁", "").replace("##", "").replace(" ", "")
    assert shown == "thefilm"


def test_id_of_a_token_that_is_not_there(tokenizer):
    with pytest.raises(errors.UserError) as error:
        tokenizer.id_of("[SEP]")
    assert str(error.value) == "The vocabulary must hold a token. Got '[SEP]'."


@pytest.mark.parametrize(
    ("truncate", "length", "kept"),
    [
        ("end", 4, [0, 1, 2, 3]),
        ("start", 4, [6, 7, 8, 9]),
        ("middle", 4, [0, 1, 8, 9]),
        ("middle", 5, [0, 1, 2, 8, 9]),
        ("middle", 1, [0]),
        ("start", 1, [9]),
        ("middle", 10, list(range(10))),
        ("end", 11, list(range(10))),
    ],
)
def test_truncation(method, truncate, length, kept):
    tokenizer = learn(method, ["0123456789 "], max_length=length, truncate=truncate)
    text = " ".join("0123456789") if method == "word" else "0123456789" * 3
    (whole,) = tokenizer.encode([text], truncate=False)
    (row,) = tokenizer.encode([text])
    if method == "word":
        assert row.tolist() == whole[kept].tolist()
    head = sum(k < 5 for k in kept) if truncate == "middle" else length
    if truncate == "end":
        assert row.tolist() == whole[:length].tolist()
    elif truncate == "start":
        assert row.tolist() == whole[-length:].tolist()
    elif len(whole) > length:
        tail = whole[len(whole) - (length - head) :]
        assert row.tolist() == [*whole[:head], *tail]


def test_a_loaded_tokenizer_is_the_saved_one(tokenizer, tmp_path):
    tokenizer.save(tmp_path / "new" / "folder")
    loaded = backends.load(str(tmp_path / "new" / "folder"))
    assert loaded.config == tokenizer.config
    assert loaded.vocabulary == tokenizer.vocabulary
    texts = TEXTS + HARD + hard_texts.random_texts(100)
    rows = tokenizer.encode(texts)
    assert [row.tolist() for row in loaded.encode(texts)] == [r.tolist() for r in rows]
    assert loaded.decode(rows) == tokenizer.decode(rows)
    loaded.save(tmp_path / "again")
    for path in (tmp_path / "again").iterdir():
        assert path.read_bytes() == (tmp_path / "new/folder" / path.name).read_bytes()


def test_a_pickled_tokenizer_is_the_same(tokenizer):
    copy = pickle.loads(pickle.dumps(tokenizer))
    rows = [[row.tolist() for row in t.encode(TEXTS)] for t in (copy, tokenizer)]
    assert rows[0] == rows[1]


def test_the_saved_vocabulary_can_be_read_by_people(tokenizer, tmp_path):
    tokenizer.save(tmp_path)
    lines = (tmp_path / "vocab.txt").read_text(encoding="utf-8").split("\n")
    assert len(lines) == tokenizer.vocab_size + 1
    assert lines[:3] == ["[PAD]", "[UNK]", "[CLS]"]
    assert lines[-1] == ""


@pytest.mark.parametrize("method", ["word", "wordpiece", "character"], scope="module")
def test_only_the_given_texts_are_learnt(method):
    tokenizer = learn(method, ["some words"])
    assert tokenizer.encode(["some zzz"])[0].tolist().count(1) in (1, 3)
    assert tokenizer.encode(["words some"])[0].min() > 1


def test_the_vocabulary_is_not_larger_than_asked_for(method):
    chance = random.Random(0)
    texts = ["".join(chance.choices("abcdefgh ", k=80)) for _ in range(50)]
    texts += [chr(0x4E00 + chance.randrange(900)) + "は" * 3 for _ in range(2000)]
    tokenizer = learn(method, texts, vocab_size=300)
    sizes = {"byte": 262}
    assert tokenizer.vocab_size == sizes.get(method, 300)
    assert learn(method, ["a"]).vocab_size <= 300


def test_learning_reads_a_stream(method):
    """No more texts are alive than what a library's buffer holds."""
    alive, most = 0, 0

    class Text(str):
        def __del__(self):
            nonlocal alive
            alive -= 1

    def stream():
        nonlocal alive, most
        for number in range(20_000):
            alive += 1
            most = max(most, alive)
            yield Text(f"some text {number % 7}")

    learn(method, stream())
    assert most <= 10


@pytest.mark.parametrize("method", METHODS[:-1])  # bytes need no text
def test_an_error_in_the_stream_comes_through(method):
    def stream():
        yield "one text"
        raise errors.UserError("line 2 is broken")

    with pytest.raises(errors.UserError, match="line 2 is broken"):
        learn(method, stream())


def test_the_vocabulary_is_the_same_in_every_process():
    """Sets, dicts and the libraries' threads must not decide between ties."""
    here = fingerprints()
    code = "import tokenizer_test; print(*tokenizer_test.fingerprints())"
    path = os.pathsep.join([str(pathlib.Path(__file__).parent), *sys.path])
    environment = os.environ | {"PYTHONPATH": path}
    environment.pop("TOKENIZERS_PARALLELISM", None)
    for seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", code],
            env=environment | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stdout.split() == here
        assert run.stderr == ""


def fingerprints():
    chance = random.Random(0)
    texts = [  # many words that are equally frequent
        " ".join("".join(chance.choices("abcdefghij漢字é", k=5)) for _ in range(20))
        for _ in range(100)
    ]
    result = []
    for method in METHODS:
        tokenizer = learn(method, texts, vocab_size=700)
        rows = [row.tolist() for row in tokenizer.encode(texts)]
        text = repr((tokenizer.vocabulary, rows))
        result.append(hashlib.sha256(text.encode()).hexdigest())
    return result


def test_one_str_is_no_list_of_texts(tokenizer):
    with pytest.raises(errors.UserError, match="encode takes a list of texts"):
        tokenizer.encode("one text")
