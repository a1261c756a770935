"""Characters and bytes."""

from tfm import inputs
from tfm.inputs.text import backends


def test_characters_by_frequency_then_code_point():
    tokenizer = backends.learn(inputs.Text(method="character"), ["BCAB", "好\n"])
    assert tokenizer.vocabulary == ["[PAD]", "[UNK]", "b", "\n", "a", "c", "好"]
    assert tokenizer.encode(["Ab好x"])[0].tolist() == [4, 2, 6, 1]
    assert tokenizer.decode([[4, 1, 2, 0]]) == ["a[UNK]b"]


def test_rare_characters_are_left_out():
    tokenizer = backends.learn(inputs.Text(method="character", vocab_size=3), ["aab"])
    assert tokenizer.encode(["ab"])[0].tolist() == [2, 1]


def test_bytes():
    tokenizer = backends.learn(
        inputs.Text(method="byte", special_tokens=("[CLS]",)), []
    )
    assert tokenizer.encode(["a\0é"])[0].tolist() == [100, 3, 198, 172]
    assert tokenizer.tokens([100, 198, 1]) == ["a", "\\xc3", "[UNK]"]


def test_rows_that_a_model_made_up_are_decoded_too():
    tokenizer = backends.learn(inputs.Text(method="byte"), [])
    assert tokenizer.decode([[99, 1, 197, 0]]) == ["a\ufffd"]
