"""Prompts, and texts of tokens as they grow."""

import dataclasses

import pytest

from tests.support import small_preset
from tests.support import small_runs
from tfm import errors
from tfm import generation
from tfm import inputs
from tfm.generation import continuation
from tfm.generation import prompts


def _tokenizer(method, special=("[EOS]", "<extra_id_0>")):
    config = inputs.Text(method=method, vocab_size=300, special_tokens=special)
    return config.fit({"text": text} for text in small_runs.TEXTS).tokenizer


def test_buckets():
    found = [prompts.bucket(n) for n in (1, 4, 5, 16, 17, 33, 100, 1000)]
    assert found == [4, 4, 8, 16, 20, 40, 112, 1024]
    assert prompts.bucket(60, 62) == 62
    assert all(n <= prompts.bucket(n) <= max(4, 1.25 * n + 4) for n in range(1, 999))


def test_streams_depend_on_the_prompt_and_not_on_its_place():
    first = prompts.streams(["a", "b", "a"], 2, seed=1)
    assert len({*map(tuple, first)}) == 6
    assert prompts.streams(["b"], 2, seed=1) == first[2:4]
    assert prompts.streams(["b"], 2, seed=2) != first[2:4]


def test_a_character_of_several_bytes_waits_until_it_is_whole():
    tokenizer = _tokenizer("byte", special=())
    found = continuation.Continuation(tokenizer, [], {}, None, ())
    seen = []
    for id in tokenizer.encode(["a€b"])[0]:
        found.extend([id])
        seen.append(found.sure)
    assert seen == ["a", "a", "a", "a€", "a€b"]


def test_a_stop_across_tokens_is_never_shown():
    tokenizer = _tokenizer("character")
    found = continuation.Continuation(tokenizer, [], {}, None, ["fox", "ox j"])
    seen = []
    for id in tokenizer.encode(["a fo the fox"])[0]:
        found.extend([id])
        seen.append(found.sure)
    assert seen == ["a", "a ", "a ", "a ", "a fo "] + [
        *("a fo t", "a fo th", "a fo the", "a fo the "),
        *["a fo the "] * 3,
    ]
    assert found.finished == "stop" and len(found.tokens) == 12
    at_once = continuation.Continuation(tokenizer, [], {}, None, ["fox"])
    at_once.extend(tokenizer.encode(["a fo the fox jumps"])[0])
    assert (at_once.text, at_once.tokens) == (found.text, found.tokens)


def test_pieces_go_on_with_the_last_word_of_what_is_before():
    tokenizer = _tokenizer("wordpiece")
    word = tokenizer.encode(["fox fox"])[0].tolist()
    half = len(word) // 2
    found = continuation.Continuation(tokenizer, word[:half], {}, None, ())
    found.extend(word[half:])
    assert found.text == " fox"
    found = continuation.Continuation(tokenizer, [tokenizer.id_of("b")], {}, None, ())
    found.extend([tokenizer.id_of("##r")])
    assert found.text == "r"


def test_sentinels_are_shown():
    tokenizer = _tokenizer("word")
    eos, sentinel = (tokenizer.id_of(name) for name in ("[EOS]", "<extra_id_0>"))
    names = {sentinel: "<extra_id_0>"}
    found = continuation.Continuation(tokenizer, [], names, eos, ())
    found.extend([sentinel, tokenizer.id_of("fox"), eos, 0])
    assert (found.text, found.finished) == ("<extra_id_0> fox", "eos")


def test_a_prompt_begins_as_a_text_does_where_there_is_room():
    tokenizer = _tokenizer("character")
    reader = prompts.Reader(tokenizer, 4, 4, start_id=None, eos_id=2)
    fox = tokenizer.encode(["foxy"])[0].tolist()
    settings = generation.Settings()
    assert reader.read("", settings).ids == [2]
    assert reader.read("fox", settings).ids == [2, *fox[:3]]
    found = reader.read("foxy", settings)
    assert (found.ids, found.notes) == (fox, [])
    found = reader.read(" foxy", settings)
    assert found.ids == fox and "has 5 tokens" in found.notes[0].text
    with pytest.raises(errors.UserError, match=r"no \[EOS\] that a text"):
        bare = _tokenizer("character", special=())
        prompts.Reader(bare, 4, 4, start_id=None, eos_id=None).read("", settings)
    endless = prompts.Reader(tokenizer, 4, None, start_id=None, eos_id=2)
    assert endless.read("foxy", settings).ids == [2, *fox]


def test_a_prompt_of_a_published_model_has_its_beginning_once(tmp_path):
    text = inputs.PretrainedText(preset=small_preset.gpt2(tmp_path / "gpt2"))
    for enclose in (True, False):
        made = dataclasses.replace(text, enclose=enclose).fit().tokenizer
        end = made.eos_id
        reader = prompts.Reader(made, 64, 64, start_id=None, eos_id=end)
        found = reader.read("the man", generation.Settings()).ids
        assert found[0] == end and end not in found[1:] and len(found) > 1
        assert reader.read("", generation.Settings()).ids == [end]


def test_names_of_special_tokens_in_a_prompt_are_text():
    """But for the gaps that an encoder was taught to read."""
    tokenizer = _tokenizer("character")
    settings = generation.Settings()
    reader = prompts.Reader(tokenizer, 64, 64, start_id=None, eos_id=2)
    text = "the [EOS] <extra_id_0>"
    found = reader.read(text, settings)
    assert found.ids == [2, *tokenizer.encode([text])[0].tolist()]
    assert {2, 3}.isdisjoint(found.ids[1:])
    reader = prompts.Reader(
        tokenizer, 64, 64, start_id=2, eos_id=2, sentinels=("<extra_id_0>",)
    )
    found = reader.read(text, settings)
    assert found.source.count(3) == 1 and found.source.index(2) == len(found.source) - 1
