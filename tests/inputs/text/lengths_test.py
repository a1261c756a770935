"""The maximum length by the data: its value, its bounds, and that it is kept."""

import dataclasses
import random

import numpy as np
import pytest

from tests.support import small_preset
from tfm import errors
from tfm import inputs
from tfm import tasks
from tfm.inputs.text import lengths
from tfm.inputs.text import preset_files


def _rows(sizes):
    return [{"text": " ".join(["word"] * size)} for size in sizes]


def _length(sizes, **fields):
    config = inputs.Text(max_length=None, **fields)
    return config.fit(iter(_rows(sizes))).config.max_length


@pytest.mark.parametrize(
    ("sizes", "length"),
    [
        ([5] * 95 + [200] * 5, 16),  # the 95th of a hundred decides
        ([5] * 94 + [200] * 6, 208),
        ([*range(1, 101)], 96),  # 95 tokens, to a multiple of 16
        ([16] * 20, 16),
        ([17] * 20, 32),
        ([9000] * 20, 512),
        ([3], 16),
    ],
)
def test_95_percent_of_the_texts_are_read_whole(sizes, length):
    shuffled = random.Random(0).sample(sizes, len(sizes))
    assert _length(shuffled) == length
    specs = inputs.Text(max_length=None).fit(_rows(shuffled)).specs
    assert specs["tokens"].shape == (length,)


def test_the_tokens_of_the_method_are_counted():
    assert _length([30] * 9) == 32
    assert _length([30] * 9, method="byte") == 160  # 30 * 5 - 1 bytes


def test_many_texts_are_sampled_in_equal_shares(monkeypatch):
    monkeypatch.setattr(lengths, "_TEXTS", 500)
    sizes = [5] * 2000 + [40] * 2000  # in order, as files often are
    assert _length(sizes) == 48
    sample, again = lengths.Sample(), lengths.Sample()
    texts = [f"{i}" for i in range(4000)]
    assert list(sample.passing(texts)) == texts
    list(again.passing(texts))
    assert sample.texts == again.texts and len(set(sample.texts)) == 500
    assert 1700 < np.mean([*map(int, sample.texts)]) < 2300


def test_a_saved_one_keeps_it_and_another_fit_is_not_made(tmp_path):
    config = inputs.Text(max_length=None, vocab_size=20)
    made = config.fit(_rows([40] * 9))
    made.save(tmp_path)
    loaded = config.load(tmp_path)
    assert loaded.config == made.config and loaded.specs == made.specs
    assert loaded.config.max_length == 48
    fixed = dataclasses.replace(config, max_length=7).load(tmp_path)
    assert fixed.specs["tokens"].shape == (7,)
    (row,) = fixed.encode(_rows([40]))["tokens"]
    assert len(row) == 7


def test_a_preset_knows_so_many_positions_and_no_more(tmp_path):
    preset = small_preset.write(tmp_path / "short")
    config = inputs.PretrainedText(preset=preset, max_length=None)
    assert preset_files.positions(preset) == 8
    assert config.fit(_rows([40] * 9)).config.max_length == 8
    wide = small_preset.write(tmp_path / "wide", max_sequence_length=100)
    config = inputs.PretrainedText(preset=wide, max_length=None)
    # "word" is four pieces here or one unknown, between [CLS] and [SEP]
    made = config.fit([{"text": "a man"}] * 19 + [{"text": "a man " * 40}])
    assert made.config.max_length == 16
    assert config.fit([{"text": "a man " * 7}]).config.max_length == 16  # 14 and 2
    assert config.fit([{"text": "a man " * 8}]).config.max_length == 32  # 16 and 2
    assert config.fit([{"text": "a man " * 60}]).config.max_length == 100
    assert config.fit(()).config.max_length == 100
    made.save(tmp_path / "saved")
    assert config.load(tmp_path / "saved").config.max_length == 16


def test_a_hugging_face_folder_names_its_positions(tmp_path):
    for number, name in enumerate(("max_position_embeddings", "n_positions")):
        (tmp_path / "config.json").write_text(f'{{"{name}": {40 + number}}}')
        assert preset_files.positions(str(tmp_path)) == 40 + number
    (tmp_path / "config.json").write_text('{"model_type": "t5"}')
    assert preset_files.positions(str(tmp_path)) is None


@pytest.mark.parametrize(
    "task", [tasks.CausalLM(), tasks.MaskedLM(), tasks.SpanCorruption()]
)
def test_a_language_model_is_given_a_length(task):
    with pytest.raises(errors.UserError, match="Give --inputs.max_length=N. Got none"):
        task.reserves(inputs.Text(method="wordpiece", max_length=None))
