"""The checks of Tokens, and what loading a folder needs."""

import dataclasses

import pytest

from tfm import errors
from tfm import inputs
from tfm.inputs.text import backends

BYTE_BASED = [("bpe", 258), ("unigram", 260)]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"method": "words"},
            "method must be one of word, wordpiece, bpe, unigram, character, byte. "
            "Got method='words'.",
        ),
        (
            {"truncate": "left"},
            "truncate must be one of end, start, middle. Got truncate='left'.",
        ),
        (
            {"max_length": 0},
            "max_length must be at least 1, or none. Got max_length=0.",
        ),
        (
            {"vocab_size": 2},
            "vocab_size must be at least 3 for method=word and 0 special tokens. "
            "Got vocab_size=2.",
        ),
        (
            {"vocab_size": 3, "special_tokens": ("[CLS]",)},
            "vocab_size must be at least 4 for method=word and 1 special tokens. "
            "Got vocab_size=3.",
        ),
        (
            {"special_tokens": ("[CLS]", "[CLS]")},
            "special_tokens must differ from each other, [PAD] and [UNK]. "
            "Got special_tokens=('[CLS]', '[CLS]').",
        ),
        (
            {"special_tokens": ("[PAD]",)},
            "special_tokens must differ from each other, [PAD] and [UNK]. "
            "Got special_tokens=('[PAD]',).",
        ),
        (
            {"special_tokens": "[CLS]"},
            "special_tokens must be a tuple of names. Got special_tokens='[CLS]'.",
        ),
    ],
)
def test_a_mistake_is_told_in_one_line(fields, message):
    with pytest.raises(errors.UserError) as error:
        inputs.Text(**fields)
    assert str(error.value) == message


@pytest.mark.parametrize(("method", "smallest"), BYTE_BASED)
def test_methods_that_fall_back_to_bytes_need_room_for_them(method, smallest):
    message = f"vocab_size must be at least {smallest} for method={method}"
    with pytest.raises(errors.UserError, match=message):
        inputs.Text(method=method, vocab_size=smallest - 1)
    config = inputs.Text(method=method, vocab_size=smallest)
    assert backends.learn(config, ["the cat sat on the mat"]).vocab_size <= smallest


def test_the_method_byte_ignores_vocab_size():
    config = inputs.Text(method="byte", vocab_size=5, special_tokens=("[CLS]",))
    assert backends.learn(config, ["text"]).vocab_size == 259


def test_a_changed_field_is_checked_again():
    with pytest.raises(errors.UserError, match="max_length"):
        dataclasses.replace(inputs.Text(), max_length=-1)


def test_a_folder_without_a_tokenizer(tmp_path):
    with pytest.raises(errors.UserError) as error:
        backends.load(tmp_path)
    assert str(error.value) == (
        f"A tokenizer's folder must hold tokens.json. Got {tmp_path}."
    )
