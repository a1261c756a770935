"""Published tokenizers under our interface: ids, enclosing, padding, a saved copy."""

import pathlib
import subprocess
import sys

import keras_nlp
import numpy as np
import pytest

from tests.support import minilm
from tests.support import small_preset
from tfm import errors
from tfm import inputs
from tfm.inputs.text import backends
from tfm.inputs.text import definition
from tfm.inputs.text import library_tokenizer
from tfm.inputs.text import pretrained_tokenizer
from tfm.inputs.text import settings

ROOT = pathlib.Path(__file__).parents[3]


@pytest.fixture
def preset(tmp_path) -> str:
    return small_preset.write(tmp_path / "preset")


def _learn(preset: str, **fields) -> pretrained_tokenizer.PretrainedTokenizer:
    return inputs.PretrainedText(preset=preset, **fields).fit().tokenizer


def _of_library(library, **fields) -> pretrained_tokenizer.PretrainedTokenizer:
    """The tokenizer that a KerasHub preset with this one in it has."""
    body, special = (
        read(library)
        for read in (library_tokenizer.pipeline, library_tokenizer.special_ids)
    )
    published = definition.Definition(body, special, "-")
    config = settings.PresetTokenization(preset="-", **fields)
    return pretrained_tokenizer.PretrainedTokenizer(config, published)


def test_a_text_is_enclosed_and_comes_back(preset):
    tokenizer = _learn(preset)
    (row,) = tokenizer.encode(["A man is eating food."])
    assert row.dtype == np.int32
    shown = " ".join(tokenizer.tokens(row))
    assert shown == "[CLS] a man is eat ##ing food . [SEP]"
    assert tokenizer.decode([[*row, 0, 0]]) == ["a man is eating food."]
    assert (tokenizer.vocab_size, tokenizer.first_word_id) == (13, 5)
    assert tokenizer.id_of("[MASK]") == 4


@pytest.mark.parametrize(
    ("truncate", "kept"),
    [("end", "a man"), ("start", "food ."), ("middle", "a .")],
)
def test_a_long_text_is_cut_within_what_encloses_it(preset, truncate, kept):
    tokenizer = _learn(preset, max_length=4, truncate=truncate)
    (row,) = tokenizer.encode(["A man is eating food."])
    assert tokenizer.tokens(row) == ["[CLS]", *kept.split(), "[SEP]"]


def test_nothing_encloses_a_text_where_that_is_said(preset):
    tokenizer = _learn(preset, enclose=False, strip_html=True)
    first, second = tokenizer.encode(["a<br />man", ""], truncate=False)
    assert tokenizer.tokens(first) == ["a", "man"] and len(second) == 0
    ids, lengths = tokenizer.encode_joined(["a man", "", "food"])
    assert tokenizer.tokens(ids) == ["a", "man", "food"]
    assert lengths.tolist() == [2, 0, 1]


def test_a_saved_copy_needs_no_preset(preset, tmp_path):
    tokenizer = _learn(preset, max_length=5)
    tokenizer.save(tmp_path / "saved")
    loaded = backends.load(tmp_path / "saved")
    texts = ["A man is eating food.", "is food xyz"]
    for ours, theirs in zip(loaded.encode(texts), tokenizer.encode(texts), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert loaded.config == tokenizer.config
    assert loaded.vocabulary == tokenizer.vocabulary


def test_tensorflow_says_nothing_where_a_worker_loads_it(preset, tmp_path):
    _learn(preset).save(tmp_path / "saved")
    code = (
        "import sys; from tfm.inputs.text import backends; backends.load(sys.argv[1])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "saved")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("", "")


def test_padding_is_zero_whatever_the_model_pads_with():
    # as RoBERTa's: <s> 0, <pad> 1, </s> 2
    vocabulary = {"<s>": 0, "<pad>": 1, "</s>": 2, "<mask>": 3, "a": 4, "b": 5, "ab": 6}
    library = keras_nlp.models.RobertaTokenizer(vocabulary, ["a b"])
    tokenizer = _of_library(library)
    assert (tokenizer.ids.padding, tokenizer.ids.shared) == (1, False)
    assert tokenizer.vocabulary[:3] == ["<pad>", "<s>", "</s>"]
    (row,) = tokenizer.encode(["ab"])
    assert row.tolist() == [1, 6, 2]
    assert tokenizer.decode([[*row, 0]]) == ["ab"]
    # its <mask> under the name that tasks and prompts have for it
    row = tokenizer.encode_prompt("a[MASK]b [MASK]", gaps=["[MASK]"])
    assert row.tolist() == [1, 4, 3, 5, 3]
    assert {"[MASK]", "<mask>"} < {*tokenizer.special_names()}


def test_padding_is_no_token_of_a_model_without_it():
    vocabulary = {"!": 0, "a": 1, "b": 2, "ab": 3, "<|endoftext|>": 4}
    library = keras_nlp.models.GPT2Tokenizer(vocabulary, ["a b"])
    tokenizer = _of_library(library, enclose=False)
    assert (tokenizer.ids.padding, tokenizer.ids.shared) == (4, True)
    assert tokenizer.vocabulary == ["[PAD]", "a", "b", "ab", "<|endoftext|>", "!"]
    (row,) = tokenizer.encode(["!ab"])
    assert row.tolist() == [5, 3]  # the end keeps its id, "!" has a new one
    assert tokenizer.decode([[4, *row, 0]]) == ["!ab"]
    assert tokenizer.eos_id == 4 and tokenizer.special_ids == {0, 4}


def test_a_prompt_is_begun_and_not_ended(preset):
    tokenizer = _learn(preset)
    shown = tokenizer.tokens(tokenizer.encode_prompt("A man is eating"))
    assert " ".join(shown) == "[CLS] a man is eat ##ing"
    shown = tokenizer.tokens(tokenizer.encode_prompt("A man.", whole=True))
    assert " ".join(shown) == "[CLS] a man . [SEP]"
    plain = _learn(preset, enclose=False)
    assert plain.tokens(plain.encode_prompt("a man", whole=True)) == ["a", "man"]


def test_a_mask_is_a_gap_only_where_there_are_any(preset):
    tokenizer = _learn(preset)
    text = "A [MASK] is [SEP]"
    row = tokenizer.encode_prompt(text, whole=True, gaps=["[MASK]"])
    shown = " ".join(tokenizer.tokens(row))
    assert shown == "[CLS] a [MASK] is [UNK] [UNK] [UNK] [SEP]"
    shown = " ".join(tokenizer.tokens(tokenizer.encode_prompt(text, whole=True)))
    assert shown == "[CLS] a [UNK] [UNK] [UNK] is [UNK] [UNK] [UNK] [SEP]"
    np.testing.assert_array_equal(
        tokenizer.encode_prompt(text, whole=True), tokenizer.encode([text])[0]
    )


def test_what_begins_and_ends_documents(preset, tmp_path):
    """One end parts them, as GPT-2 was taught; or begin and end, as BERT's."""
    tokenizer = _learn(small_preset.gpt2(tmp_path / "gpt2"))
    end = "<|endoftext|>"
    (end_id,) = (i for i, t in enumerate(tokenizer.vocabulary) if t == end and i)
    assert (tokenizer.document_begin, tokenizer.document_end) == (None, end_id)
    assert tokenizer.begin_id == end_id
    assert tokenizer.tokens(tokenizer.encode(["an"])[0]) == [end, "an", end]
    ids, lengths = tokenizer.encode_joined(["an", "", "the"])
    assert tokenizer.tokens(ids) == ["an", "the"] and lengths.tolist() == [1, 0, 1]
    tokenizer = _learn(preset)
    begin_id, end_id = tokenizer.id_of("[CLS]"), tokenizer.id_of("[SEP]")
    assert (tokenizer.document_begin, tokenizer.document_end) == (begin_id, end_id)
    assert tokenizer.begin_id == begin_id
    bare = _learn(preset, enclose=False)
    assert (bare.document_begin, bare.document_end) == (None, None)
    assert bare.begin_id == begin_id


def test_a_text_is_not_normalized_before_its_own_tokenizer(tmp_path):
    vocabulary = {name: id for id, name in enumerate(["e", "Ì", "ģ", "Ã", "©"])}
    vocabulary["<|endoftext|>"] = len(vocabulary)
    vocabulary["Ìģ"] = len(vocabulary)
    library = keras_nlp.models.GPT2Tokenizer(vocabulary, ["Ì ģ"])
    tokenizer = _of_library(library, enclose=False)
    (row,) = tokenizer.encode(["e\u0301"])
    assert tokenizer.decode([row]) == ["e\u0301"]
    assert tokenizer.tokens(row) == ["e", "Ìģ"]


def test_the_models_preset_is_taken_where_none_is_given(preset):
    class Model:
        pass

    model = Model()
    model.preset = preset
    assert inputs.PretrainedText().of(model).preset == preset
    assert inputs.PretrainedText(preset="own").of(model).preset == "own"
    with pytest.raises(errors.UserError, match="inputs.preset must name a preset"):
        inputs.PretrainedText().fit()


def test_a_preset_may_lie_in_a_package(monkeypatch, tmp_path):
    small_preset.write(tmp_path / "some_package" / "model")
    broken = "raise ImportError('it is not imported')"
    (tmp_path / "some_package" / "__init__.py").write_text(broken)
    monkeypatch.syspath_prepend(tmp_path)
    assert _learn("package:some_package/model").vocab_size == 13
    with pytest.raises(errors.UserError) as missing:
        _learn("package:no_package/model")
    assert str(missing.value) == (
        "package:no_package/model is in the package no_package, which is not "
        "installed: pip install --no-deps no-package"
    )


def test_what_cannot_be_is_told(tmp_path):
    with pytest.raises(errors.UserError, match="max_length must be at least 3"):
        inputs.PretrainedText(max_length=2)
    with pytest.raises(errors.UserError, match="truncate must be one of end, start"):
        inputs.PretrainedText(truncate="left")
    with pytest.raises(errors.UserError, match="has no tokenizer that keras_nlp can"):
        _learn(str(tmp_path))
    with pytest.raises(errors.UserError) as told:
        _learn("bert_smal_en_uncased")
    assert str(told.value) == (
        "There is no preset 'bert_smal_en_uncased'. Did you mean "
        "'bert_small_en_uncased'? Give the name of one that keras_nlp knows, a folder, "
        "hf://OWNER/NAME or package:NAME/FOLDER."
    )


def test_the_published_vocabulary():
    tokenizer = _learn(minilm.folder())
    (row,) = tokenizer.encode(["A man is eating food."])
    assert row.tolist() == [101, 1037, 2158, 2003, 5983, 2833, 1012, 102]
    assert (tokenizer.vocab_size, tokenizer.first_word_id) == (30522, 104)
