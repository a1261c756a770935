"""Text preprocessors: what is fitted, saved, loaded, refused and augmented."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tests.support import small_preset
from tfm import errors
from tfm import inputs
from tfm import interfaces
from tfm.config import fields
from tfm.config import saved

ROWS = [{"text": f"the film number {i} is fine"} for i in range(20)]
TEXT = inputs.Text(vocab_size=30, max_length=6, special_tokens=("[CLS]",))


@pytest.fixture(scope="module")
def fitted():
    return TEXT.fit(iter(ROWS), reserved=("[MASK]", "[CLS]", "[SEP]"))


def test_what_a_config_says_before_a_byte_is_read():
    for config in (inputs.Text(), inputs.PretrainedText()):
        assert config.columns == {"text": {"text"}}
        assert config.gives == {"tokens"}
        assert saved.from_json(saved.to_json(config)) == config
        flags = [leaf.path for leaf in fields.leaves(config)]
        assert flags[-3:] == ["augment.swap", "augment.delete", "augment.replace"]
    assert isinstance(inputs.PretrainedText(), interfaces.FollowsModel)
    assert not isinstance(inputs.Text(), interfaces.FollowsModel)


def test_reserved_tokens_come_after_the_configs_own(fitted):
    special = ("[CLS]", "[MASK]", "[SEP]")
    assert fitted.config == dataclasses.replace(TEXT, special_tokens=special)
    assert fitted.tokenizer.vocabulary[:5] == ["[PAD]", "[UNK]", *special]
    plain = TEXT.fit(ROWS)
    assert plain.config == TEXT and plain.tokenizer.id_of("[CLS]") == 2


def test_rows_become_ids(fitted):
    size = fitted.tokenizer.vocab_size
    assert fitted.stored == {"tokens": interfaces.Spec((6,), "int32", size)}
    assert fitted.specs == fitted.stored
    long = {"text": "fine film " * 9}
    (row, cut), *others = fitted.encode([ROWS[0], long]).values()
    assert not others
    assert fitted.tokenizer.decode([row]) == ["the film number 0 is fine"]
    assert (cut.dtype, len(cut)) == (np.int32, 6)


def test_a_saved_one_goes_by_the_config_in_what_ids_do_not_depend_on(fitted, tmp_path):
    fitted.save(tmp_path)
    for config in (
        TEXT,
        dataclasses.replace(TEXT, special_tokens=()),
        dataclasses.replace(
            TEXT, max_length=3, truncate="start", augment=inputs.Augment(delete=0.5)
        ),
    ):
        loaded = config.load(tmp_path)
        assert loaded.tokenizer.vocabulary == fitted.tokenizer.vocabulary
        assert loaded.config == dataclasses.replace(
            config, special_tokens=fitted.config.special_tokens
        )
        assert loaded.stored["tokens"].shape == (config.max_length,)
    (row,) = loaded.encode(ROWS[:1])["tokens"]
    assert loaded.tokenizer.decode([row]) == ["0 is fine"]


@pytest.mark.parametrize(
    ("changes", "theirs", "ours"),
    [
        ({"vocab_size": 40}, "--inputs.vocab_size=30", "--inputs.vocab_size=40"),
        (
            {"lowercase": False, "method": "wordpiece"},
            "--inputs.method=word --inputs.lowercase=true",
            "--inputs.method=wordpiece --inputs.lowercase=false",
        ),
        (
            {"special_tokens": ("[EOS]", "[CLS]")},
            "--inputs.special_tokens=[CLS],[MASK],[SEP]",
            "--inputs.special_tokens=[EOS],[CLS]",
        ),
    ],
)
def test_other_fields_are_refused(fitted, tmp_path, changes, theirs, ours):
    fitted.save(tmp_path)
    with pytest.raises(errors.UserError) as raised:
        dataclasses.replace(TEXT, **changes).load(tmp_path)
    assert str(raised.value) == (
        "Weights fit only the tokens that they were trained on. "
        f"{tmp_path} has {theirs}; got {ours}."
    )


def test_presets_are_kept_and_told_from_learnt_ones(fitted, tmp_path):
    preset = small_preset.write(tmp_path / "preset")
    config = inputs.PretrainedText(preset=preset, max_length=5)
    made = config.fit(reserved=("[EOS]",))
    made.save(tmp_path / "saved")
    loaded = inputs.PretrainedText(max_length=4).load(tmp_path / "saved")
    assert loaded.config == dataclasses.replace(config, max_length=4)
    assert loaded.stored["tokens"] == interfaces.Spec((4,), "int32", 13)
    with pytest.raises(errors.UserError, match="has --inputs.enclose=true; got --inp"):
        inputs.PretrainedText(enclose=False).load(tmp_path / "saved")
    with pytest.raises(
        errors.UserError,
        match=r"saved come from inputs.PretrainedText, this experiment's from inputs.T",
    ):
        TEXT.load(tmp_path / "saved")
    fitted.save(tmp_path / "learnt")
    with pytest.raises(errors.UserError, match="learnt come from inputs.Text, this"):
        config.load(tmp_path / "learnt")


def test_rows_are_augmented_in_the_graph_without_their_padding():
    config = dataclasses.replace(
        TEXT, max_length=12, augment=inputs.Augment(swap=0.1, delete=0.3, replace=0.3)
    )
    made = config.fit(ROWS)
    augmenter = config.augment.build(
        made.tokenizer.vocab_size, made.tokenizer.first_word_id
    )
    rows = [*made.encode(ROWS)["tokens"], np.zeros(0, np.int32)]
    padded = np.stack([np.pad(row, (0, 12 - len(row))) for row in rows])
    seeds = np.stack([np.full(21, -5), np.arange(21) % 3, 100 + np.arange(21)], 1)
    apply = made.graph()
    other = tf.constant(range(21))
    found = apply({"tokens": tf.constant(padded), "other": other}, tf.constant(seeds))
    assert found["tokens"].shape == (21, 12)
    assert found["other"] is other
    for tokens, row, seed in zip(
        found["tokens"].numpy(), rows, seeds.tolist(), strict=True
    ):
        expected = augmenter(row, *seed).tolist()
        assert tokens.tolist() == expected + [0] * (12 - len(expected))
    assert (found["tokens"].numpy() != padded).any()
    same = apply({"tokens": padded}, None)
    assert same["tokens"] is padded


def test_nothing_to_change_is_the_identity(fitted):
    stored = {"tokens": np.ones((2, 6), np.int32)}
    assert fitted.graph()(stored, np.zeros((2, 3), np.int64)) == stored
