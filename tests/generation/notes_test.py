"""What the user is told of prompts, stop texts and settings, and what not."""

import numpy as np
import pytest

from tests.support import small_runs
from tfm import errors
from tfm import generation
from tfm import inputs
from tfm.generation import notes


def _tokenizer(method, special=("[EOS]", "<extra_id_0>"), texts=small_runs.TEXTS, **of):
    config = inputs.Text(method=method, vocab_size=300, special_tokens=special, **of)
    return config.fit({"text": text} for text in texts).tokenizer


def _of(method="character", special=("[EOS]",), allowed=40, gaps=(), **fields):
    settings = generation.Settings(**fields)
    tokenizer = _tokenizer(method, special, lowercase=method == "unigram")
    return notes.of_settings(settings, tokenizer, allowed, gaps)


@pytest.mark.parametrize("method", ["bpe", "unigram", "character", "word"])
@pytest.mark.parametrize(
    ("end", "name"), [(" ", "a space"), ("\n", "a line feed"), ("", ""), (".", "")]
)
def test_white_space_at_the_end_of_a_prompt(method, end, name):
    found = notes.of_prompt(_tokenizer(method), f"the fox{end}")
    told = [note.text for note in found if note.kind == "space"]
    joins = method in ("bpe", "unigram")
    assert len(told) == bool(name and joins)
    assert all(text.startswith(f"The prompt ends in {name}:") for text in told)


def test_a_prompt_of_white_space_alone_is_not_to_be_cut():
    assert not notes.of_prompt(_tokenizer("bpe"), "  \n")


def test_unknown_words_and_their_share_are_told():
    (note,) = notes.of_prompt(_tokenizer("character"), "fox \u65e5\u672c \u00d6l")
    assert note.kind == "unknown"
    assert "'\u65e5\u672c', '\u00d6l' (43 % of the prompt's" in note.text  # 3 of 7
    (note,) = notes.of_prompt(_tokenizer("word"), "fox zebra")
    assert "'zebra' (62 % of the" in note.text  # 5 of 8
    gap = notes.of_prompt(_tokenizer("word"), "fox <extra_id_0> dog", ["<extra_id_0>"])
    assert not gap
    assert not notes.of_prompt(_tokenizer("bpe"), "\u65e5\u672c")  # by its bytes


@pytest.mark.parametrize(
    ("method", "stop", "told"),
    [
        ("unigram", "The End", "does not write it so, but as 'the end'."),
        ("unigram", "the end", ""),
        ("unigram", ". ", ""),
        ("unigram", "e\u0301", "does not write it so, but as '\u00e9'."),
        ("bpe", "e\u0301", "does not write it so, but as '\u00e9'."),
        ("bpe", "The End\n\n", ""),
        ("bpe", "\u65e5", ""),
        ("bpe", "[EOS]", "is a token, which no text shows."),
        ("character", "T", "never comes: the vocabulary cannot spell it."),
        ("character", "fox", ""),
        ("word", "fox", ""),
        ("word", " fox", ""),
        ("word", "fox ", ""),
        ("word", "zebra", "never comes: the vocabulary cannot spell it."),
        ("word", "\n", "never comes: the run does not write it so."),
    ],
)
def test_stop_texts_that_never_come(method, stop, told):
    found = _of(method, stop=[stop])
    assert len(found) == bool(told)
    assert all(note.startswith(f"stop={stop!r} ") for note in found)
    assert all(note.endswith(told) for note in found)


def test_a_gap_that_the_text_shows_may_stop_it():
    special = ("[EOS]", "<extra_id_0>", "<extra_id_1>")
    fields = {"special": special, "gaps": special[1:], "stop": ["<extra_id_1>"]}
    assert not _of("unigram", **fields)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, []),
        ({"temperature": 0.8, "top_k": 5, "top_p": 0.9, "seed": 1}, []),
        ({"temperature": 0}, []),
        (
            {"temperature": 0, "top_k": 5, "top_p": 0.9, "seed": 1},
            ["top_k, top_p, seed have no effect: with temperature=0 it is always"],
        ),
        (
            {"top_k": 1, "temperature": 0.5},
            ["temperature has no effect: with top_k=1 it is always"],
        ),
        (
            {"top_k": 1, "num_samples": 2},
            ["All num_samples are alike: top_k=1 draws nothing."],
        ),
        ({"top_k": 40}, ["top_k=40 has no effect: 40 tokens can be made."]),
        ({"top_k": 39}, []),
        ({"num_beams": 4, "length_penalty": 0.5}, []),
        ({"length_penalty": 0.5}, ["length_penalty has no effect"]),
        ({"num_beams": 4, "seed": 1}, ["seed has no effect: num_beams searches"]),
        ({"num_beams": 40, "max_new_tokens": 1}, []),
        (
            {"num_beams": 41, "max_new_tokens": 1},
            ["num_beams=41 is more than the 40 texts that max_new_tokens=1 can make."],
        ),
        ({"num_beams": 41, "max_new_tokens": 2}, []),
    ],
)
def test_settings_that_change_nothing(fields, told):
    found = _of(**fields)
    assert len(found) == len(told)
    for note, begin in zip(found, told, strict=True):
        assert note.startswith(begin)


@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize("length", [1, 2, 3])
def test_the_texts_that_can_be_made_are_counted(ends, length):
    def texts(prefix, left):
        """All texts of 3 tokens, of which "e" ends one where `ends`."""
        if not left or (ends and prefix.endswith("e")):
            return {prefix}
        return {t for c in "abe" for t in texts(prefix + c, left - 1)}

    settings = generation.Settings(num_beams=100, max_new_tokens=length)
    assert notes.most_texts(settings, 3, ends) == len(texts("", length))
    few = generation.Settings(num_beams=2, max_new_tokens=10**6)
    assert notes.most_texts(few, 3, ends) > 2  # at once


def test_no_more_samples_than_texts():
    run = small_runs.run("lstm")
    generator = generation.Generator(run, jit_compile=False)
    allowed = small_runs.allowed(run).sum()
    fields = {"max_new_tokens": 1, "num_beams": 99, "num_samples": 99}
    message = f"max_new_tokens=1 can make {allowed} texts. Got num_samples=99."
    with pytest.raises(errors.UserError, match=message):
        generator.generate(["fox"], **fields)
    fields["num_samples"] = int(allowed)
    found = generator.generate(["fox"], **fields)
    assert len({one.tokens for one in found}) == allowed
    assert generator.notes(**fields) == [
        f"num_beams=99 is more than the {allowed} texts that max_new_tokens=1 can make."
    ]


def test_each_note_of_a_kind_can_be_counted():
    kinds = notes.Note.__annotations__["kind"].__args__
    assert set(notes.MANY) == set(kinds)
    assert np.unique([*notes.MANY.values()]).size == len(kinds)
