"""Words, word pieces and byte pairs."""

import pytest

from tfm import errors
from tfm import inputs
from tfm.inputs.text import backends


def pieces(text, method="word", texts=None, **fields):
    tokenizer = backends.learn(inputs.Text(method=method, **fields), texts or [text])
    return tokenizer.tokens(tokenizer.encode([text])[0])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It isn't good!", ["it", "isn't", "good", "!"]),
        ("Don’t 'quote' rock'n'roll", ["don't", "'", "quote", "'", "rock'n'roll"]),
        ("well-made, 8/10", ["well", "-", "made", ",", "8", "/", "10"]),
        ("_The_ e-mail?!", ["_", "the", "_", "e", "-", "mail", "?", "!"]),
        ("很好看ok。", ["很", "好", "看", "ok", "。"]),
        ("हिन्दी می‌خواهم", ["हिन्दी", "می‌خواهم"]),
        ("👩‍👩‍👧❤️ 👍🏽", ["👩‍👩‍👧", "❤️", "👍🏽"]),
        ("שלום עולם", ["שלום", "עולם"]),
        ("1st x² schön", ["1st", "x²", "schön"]),
    ],
)
def test_words(text, words):
    assert pieces(text) == words


def test_decoding_joins_words_by_spaces():
    tokenizer = backends.learn(inputs.Text(), ["it isn't good."])
    rows = tokenizer.encode(["It isn't\n bad."])
    assert tokenizer.decode(rows) == ["it isn't [UNK] ."]


def test_frequent_words_come_first_and_ties_by_the_alphabet():
    tokenizer = backends.learn(inputs.Text(vocab_size=5), ["d b c", "c a", "b"])
    assert tokenizer.vocabulary == ["[PAD]", "[UNK]", "b", "c", "a"]


def test_words_below_min_count_are_unknown_so_that_unknown_is_learnt():
    texts = ["a b c", "a b", "a d d"]
    fields = {"vocab_size": 9, "min_count": 2}
    tokenizer = backends.learn(inputs.Text(**fields), texts)
    assert tokenizer.vocabulary == ["[PAD]", "[UNK]", "a", "b", "d"]
    (row,) = tokenizer.encode(["a c d"])
    assert tokenizer.tokens(row) == ["a", "[UNK]", "d"]
    every = backends.learn(inputs.Text(vocab_size=9), texts)
    assert every.vocabulary == ["[PAD]", "[UNK]", "a", "b", "d", "c"]
    bytes_ = backends.learn(inputs.Text(method="byte", **fields), texts)
    assert len(bytes_.encode(["a c"])[0]) == 3
    with pytest.raises(errors.UserError, match="min_count must be at least 1"):
        inputs.Text(min_count=0)


def test_word_pieces_spell_a_new_word():
    texts = ["low lower lowest new newer newest"] * 4
    tokenizer = backends.learn(inputs.Text(method="wordpiece", vocab_size=40), texts)
    rows = tokenizer.encode(["newest slowest"])
    shown = tokenizer.tokens(rows[0])
    assert shown[0] == "newest"
    assert "[UNK]" in shown  # no word began with s
    assert tokenizer.decode(tokenizer.encode(["lowewest now"])) == ["lowewest now"]


def test_word_pieces_keep_the_most_frequent_characters():
    texts = ["e e e", "a a", "z"]
    tokenizer = backends.learn(inputs.Text(method="wordpiece", vocab_size=4), texts)
    assert tokenizer.vocabulary[2:] == ["a", "e"]


def test_words_counted_thousands_of_times_count_for_word_pieces():
    texts = ["ab " * 2500, "cd " * 2400]
    tokenizer = backends.learn(inputs.Text(method="wordpiece", vocab_size=7), texts)
    assert tokenizer.vocabulary[2:] == ["##b", "##d", "a", "c", "ab"]


def test_byte_pairs_are_shown_as_text():
    texts = ["hello 你好"] * 2
    assert pieces("hello 你好", "bpe", texts) == ["hello", " 你好"]
    assert pieces("ä \n", "bpe", texts) == ["\\xc3", "\\xa4", " ", "\n"]


def test_byte_pairs_that_occur_once_are_not_merged():
    assert pieces("abc", "bpe", ["abc"]) == ["a", "b", "c"]
    assert pieces("abc", "bpe", ["abc abc", "abc"]) == ["abc"]
