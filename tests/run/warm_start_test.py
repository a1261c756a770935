"""Weights and tokenizer of an earlier run, or of a preset, to begin training with."""

import dataclasses

import numpy as np
import pytest

from tests.support import small_preset
from tfm import errors
from tfm.inputs import text as tokens
from tfm.models import pretrained
from tfm.run import folder as run_folder
from tfm.run import trained
from tfm.run import warm_start as initialization


def _experiment(run, **tokens_fields):
    """That of the finished run, with its model's weights to begin with."""
    e = run_folder.RunFolder(run).experiment()
    return dataclasses.replace(
        e,
        model=dataclasses.replace(e.model, init_from=str(run)),
        tokens=dataclasses.replace(e.tokens, **tokens_fields),
    )


def test_the_tokenizer_comes_with_the_weights(run):
    found = initialization.tokenizer(_experiment(run, max_length=4, truncate="start"))
    theirs = tokens.load(run_folder.RunFolder(run).tokenizer)
    assert found.vocabulary == theirs.vocabulary
    text = ["the film was a lovely story"]
    whole = theirs.encode(text)[0]
    assert len(whole) == 6
    np.testing.assert_array_equal(found.encode(text)[0], whole[-4:])


def test_other_tokens_are_refused(run):
    with pytest.raises(errors.UserError) as caught:
        initialization.tokenizer(_experiment(run, vocab_size=50, lowercase=False))
    assert str(caught.value) == (
        "Weights fit only the tokens that they were trained on. "
        f"{run} has --tokens.vocab_size=60 --tokens.lowercase=true; "
        "got --tokens.vocab_size=50 --tokens.lowercase=false."
    )


def test_weights_of_a_run_are_loaded_and_told(run):
    e = _experiment(run)
    before = trained.load(str(run))
    model = e.build_model(before.tokenizer.vocab_size, before.task)
    lines = initialization.load_weights(model, e)
    assert lines[0].startswith(f"Loaded      {len(model.weights)} weights of {run} (st")
    for ours, theirs in zip(
        model.get_weights(), before.model.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_without_a_source_nothing_is_loaded(run):
    e = run_folder.RunFolder(run).experiment()
    assert initialization.tokenizer(e) is None
    assert initialization.load_weights(None, e) == []


def test_a_source_that_is_none_is_told(run, tmp_path):
    e = _experiment(run)

    def of(source):
        model = dataclasses.replace(e.model, init_from=str(source))
        return dataclasses.replace(e, model=model)

    with pytest.raises(errors.UserError, match="init_from names a run folder. There i"):
        initialization.tokenizer(of(tmp_path / "none"))
    with pytest.raises(errors.UserError, match="holds no run. The weights of a preset"):
        initialization.load_weights(None, of(tmp_path))


def test_a_preset_brings_its_weights(run, tmp_path):
    preset = small_preset.write(tmp_path / "preset")
    e = dataclasses.replace(
        run_folder.RunFolder(run).experiment(),
        model=pretrained.Pretrained(preset=preset),
    )
    model = e.model.build(13, 6)
    (loaded, left) = initialization.load_weights(model, e)
    assert loaded == f"Loaded      {len(model.weights)} weights of {preset}"
    assert left.split() == ["left", "pooled_dense/kernel,", "pooled_dense/bias"]
