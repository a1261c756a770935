"""Published tokenizers by their tokenizer.json: exactly its ids, in and out."""

import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tokenizers

from tests.support import hard_texts
from tests.support import minilm
from tests.support import published_tokenizers
from tfm import errors
from tfm import inputs
from tfm.inputs.text import backends
from tfm.inputs.text import definition
from tfm.inputs.text import published_ids

ROOT = pathlib.Path(__file__).parents[3]
TEXTS = hard_texts.HARD + hard_texts.random_texts()


@pytest.fixture(scope="module", params=published_tokenizers.SHAPES)
def shape(request):
    return request.param


@pytest.fixture(scope="module")
def made(shape, tmp_path_factory):
    """Ours, without what encloses texts, and the library's."""
    folder = tmp_path_factory.mktemp(shape) / "model"
    theirs = published_tokenizers.write(shape, folder)
    return _learn(folder), theirs


def _learn(folder, **fields):
    fields = {"enclose": False} | fields
    return inputs.PretrainedText(preset=str(folder), **fields).fit().tokenizer


def test_ids_and_texts_are_those_of_the_tokenizers_library(shape, made):
    ours, theirs = made
    rows = ours.encode(TEXTS, truncate=False)
    expected = theirs.encode_batch(TEXTS, add_special_tokens=False)
    names = tuple(hard_texts.NAMES) if shape == "unigram" else ()  # see below
    told = 0
    for text, row, one in zip(TEXTS, rows, expected, strict=True):
        if not any(name in text for name in names):
            assert ours.ids.theirs[row].tolist() == one.ids, repr(text)
            told += 1
    assert told > 1000
    ids = [ours.ids.theirs[row].tolist() for row in rows]
    decoded = theirs.decode_batch(ids, skip_special_tokens=False)
    assert ours.decode(rows) == decoded


def test_names_of_special_tokens_are_text(made):
    ours, _ = made
    texts = [text for text in TEXTS if any(name in text for name in hard_texts.NAMES)]
    assert len(texts) > 100
    # under which the vocabulary has them meanwhile
    texts += [f"a \uffff {name} \uffff" for name in hard_texts.NAMES]
    for text, row in zip(texts, ours.encode(texts, truncate=False), strict=True):
        assert ours.special_ids.isdisjoint(row.tolist()), repr(text)
        np.testing.assert_array_equal(ours.encode_prompt(text), row)


def test_names_of_a_unigram_model_are_spelt_by_pieces(tmp_path):
    theirs = published_tokenizers.write("unigram", tmp_path)
    ours = _learn(tmp_path)
    (row,) = ours.encode(["s </s>s<unk>"])
    assert "".join(ours.tokens(row)) == "▁s▁</s>s<unk>"
    assert ours.decode([row]) == ["s </s>s<unk>"]
    found = theirs.encode("s </s>s<unk>", add_special_tokens=False)
    assert "</s>" in found.tokens  # which the library finds among its pieces
    assert ours.decode([ours.encode(["a\U0001fae0b"])[0]]) == ["a<unk>b"]


def test_a_text_ends_where_the_model_was_taught_it(tmp_path):
    published_tokenizers.write("bert", tmp_path)
    ours = _learn(tmp_path, enclose=True, max_length=4)
    (row,) = ours.encode(["a [SEP] b"])
    assert ours.tokens(row) == ["[CLS]", "a", "[", "[SEP]"]


def test_a_token_that_was_added_and_is_not_special_is_found_in_texts(tmp_path):
    published_tokenizers.write("smollm2", tmp_path)
    ours = _learn(tmp_path)
    (row,) = ours.encode(["a snake_case <|im_end|> 12"])
    shown = ours.tokens(row)
    assert shown.count("snake_case") == 1 and "<|im_end|>" not in shown
    assert shown[-2:] == ["1", "2"]  # a digit is a token


def test_a_saved_copy_is_the_same_and_needs_no_tensorflow(made, tmp_path):
    ours, _ = made
    ours.save(tmp_path / "saved")
    loaded = backends.load(tmp_path / "saved")
    assert loaded.vocabulary == ours.vocabulary and loaded.config == ours.config
    assert loaded.special_ids == ours.special_ids and loaded.eos_id == ours.eos_id
    rows = [[row.tolist() for row in t.encode(TEXTS)] for t in (ours, loaded)]
    assert rows[0] == rows[1]
    loaded.save(tmp_path / "again")
    for path in (tmp_path / "saved").iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()
    code = (
        "import sys; from tfm.inputs.text import backends; "
        "backends.load(sys.argv[1]); "
        "print({'tensorflow', 'keras', 'keras_nlp'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "saved")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("set()\n", "")


def test_texts_alone_and_among_thousands_have_the_same_ids(made):
    ours, _ = made
    texts = hard_texts.random_texts(1500, seed=1)
    ids, lengths = ours.encode_joined(texts)
    parts = np.split(ids, np.cumsum(lengths)[:-1])
    for index in (0, 1023, 1024, 1499):
        (alone,) = ours.encode([texts[index]], truncate=False)
        assert parts[index].tolist() == alone.tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[:-40], "tokenizer.json cannot be read as JSON: "),
        (lambda text: "[1]", "tokenizer.json must hold a JSON object. Got a list."),
        (lambda text: "{}", "holds no vocabulary: KeyError: 'model'"),
        (lambda text: text.replace("WordPiece", "Word"), "holds no tokenizer that t"),
        (lambda text: text.replace('"[CLS]"', '"[CLX]"'), "does not fit|must hold the"),
        (lambda text: text.replace('"id":4', '"id":9'), "has the id 9, where its voc"),
    ],
)
def test_a_damaged_file_is_told(tmp_path, change, message):
    published_tokenizers.write("bert", tmp_path)
    path = tmp_path / "tokenizer.json"
    text = json.dumps(json.loads(path.read_text()), separators=(",", ":"))
    path.write_text(change(text))
    with pytest.raises(errors.UserError, match=message) as error:
        _learn(tmp_path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_a_damaged_run_is_told(tmp_path):
    published_tokenizers.write("bert", tmp_path / "model")
    _learn(tmp_path / "model").save(tmp_path / "saved")
    path = tmp_path / "saved" / definition.IDS_FILE
    before = path.read_text()
    for body, message in (
        ("{", "cannot be read as JSON"),
        ('{"others": 1}', "must hold the special ids of a published model"),
        ('{"others": [], "ends": 1}', "must hold the special ids of a published model"),
        (before.replace('"start": 2', '"start": 9999999'), r"tokens, .* \[9999999\]"),
    ):
        path.write_text(body)
        with pytest.raises(errors.UserError, match=message):
            backends.load(tmp_path / "saved")


def test_ids_without_a_token_are_named_and_a_merge_of_a_name_is_left_out():
    vocabulary = {"<": 0, "s": 1, ">": 2, "<s": 3, "<s>": 4, "a": 7}
    merges = [["<", "s"], ["<s", ">"]]
    model = {"type": "BPE", "vocab": vocabulary, "merges": merges}
    body = {"model": model, "added_tokens": [], "version": "1.0"}
    special = published_ids.SpecialIds(end=4)
    ours = definition.Definition(body, special, "-")
    assert ours.tokens[5:] == ["<no token 5>", "<no token 6>", "a"]
    assert ours.encode(["<s>a"]) == [[3, 2, 7]]
    plain = definition.Definition(body, published_ids.SpecialIds(), "-")
    assert plain.encode(["<s>a"]) == [[4, 7]]


def test_the_published_definition_of_minilm():
    ours = _learn(minilm.folder())
    rows = ours.encode(["A naïve café in Málaga", "a\xa0naïve\u2009café", "İ"])
    shown = [" ".join(ours.tokens(row)) for row in rows]
    assert shown == ["a naive cafe in malaga", "a naive cafe", "i"]
    assert rows[0].tolist() == [1037, 15743, 7668, 1999, 27382]
    theirs = tokenizers.Tokenizer.from_file(f"{minilm.folder()}/tokenizer.json")
    theirs.no_truncation()
    theirs.no_padding()
    theirs.encode_special_tokens = True
    expected = theirs.encode_batch(TEXTS, add_special_tokens=False)
    rows = ours.encode(TEXTS, truncate=False)
    for text, row, one in zip(TEXTS, rows, expected, strict=True):
        assert row.tolist() == one.ids, repr(text)
    assert ours.decode(rows) == theirs.decode_batch(
        [one.ids for one in expected], False
    )
