"""The bytes that tokens stand for, and which of them continue a word."""

import types

import numpy as np
import pytest

from tests.support import small_models
from tfm.tasks.language import vocabulary_tables

TEXT = "the brothers' wonderful dog, café 你好 🙂 x² \\xe4 end"


@pytest.mark.parametrize(
    ("method", "size"), [("bpe", 330), ("byte", 300), ("character", 90)]
)
def test_the_bytes_of_a_text_are_those_of_its_tokens(method, size):
    texts = [*small_models.TEXTS, TEXT, "\\xe4 \\xe4 \\xe4"]
    tokenizer = small_models.of_texts(texts, method, size, ("[EOS]",)).tokenizer
    lengths = vocabulary_tables.byte_lengths(tokenizer)
    (row,) = tokenizer.encode([TEXT])
    assert lengths[row].sum() == len(TEXT.encode())
    assert lengths[:3].tolist() == [0, 0, 0]
    assert (lengths[3:] > 0).all()


def test_unigram_counts_the_space_before_a_text():
    tokenizer = small_models.preprocessor("unigram", 300).tokenizer
    (row,) = tokenizer.encode([TEXT])
    lengths = vocabulary_tables.byte_lengths(tokenizer)
    assert lengths[row].sum() == len(TEXT.encode()) + 1


@pytest.mark.parametrize("method", ["word", "wordpiece"])
def test_words_count_without_the_white_space(method):
    tokenizer = small_models.preprocessor(method, 130).tokenizer
    (row,) = tokenizer.encode(["the  brothers dog,"])
    lengths = vocabulary_tables.byte_lengths(tokenizer)
    assert lengths[row].sum() == len("thebrothersdog,")


@pytest.mark.parametrize("method", ["wordpiece", "bpe", "unigram", "character", "byte"])
def test_words_of_a_text_are_found(method):
    size = {"bpe": 290, "unigram": 320}.get(method, 80)
    tokenizer = small_models.preprocessor(method, size).tokenizer
    text = "the wonderful fox jumps over a dog"
    (row,) = tokenizer.encode([text])
    continues = vocabulary_tables.continues_word(tokenizer)[row]
    begins = np.flatnonzero(~continues)
    if continues[0]:  # a text's first word has no space before it
        begins = np.insert(begins, 0, 0)
    pieces = np.split(row, begins[1:])
    words = [tokenizer.decode([piece])[0].strip() for piece in pieces]
    assert words == text.split()
    assert len(row) > len(words)


def test_each_word_and_each_chinese_character_is_one():
    word = small_models.preprocessor("word", 40).tokenizer
    assert not vocabulary_tables.continues_word(word).any()
    made = small_models.of_texts([TEXT], "character", 90).tokenizer
    continues = vocabulary_tables.continues_word(made)
    continuing = {c for c in TEXT if continues[made.id_of(c)]}
    assert continuing == {c for c in TEXT if c.isalnum()} - {"你", "好"}


class Published:
    """The face of a published model's tokenizer."""

    first_word_id = 2

    def __init__(self, *tokens):
        self.vocabulary = ["[PAD]", "[UNK]", *tokens]
        self.vocab_size = len(self.vocabulary)
        self.config = types.SimpleNamespace(method="pretrained")


@pytest.mark.parametrize(
    "tokens_and_text",
    [
        {"the": "the", "##ing": "ing", ",": ","},
        {"\u0120the": " the", "ing": "ing", ",": ",", "\u00c3\u00a9": "é"},
        {"\u2581the": " the", "ing": "ing", ",": ",", "é": "é"},
    ],
)
def test_published_vocabularies_are_read_by_their_marks(tokens_and_text):
    made = Published(*tokens_and_text)
    lengths = vocabulary_tables.byte_lengths(made)
    expected = [len(text.encode()) for text in tokens_and_text.values()]
    assert lengths.tolist() == [0, 0, *expected]
    continues = vocabulary_tables.continues_word(made)
    expected = [text in ("ing", "é") for text in tokens_and_text.values()]
    assert continues.tolist() == [False, False, *expected]
