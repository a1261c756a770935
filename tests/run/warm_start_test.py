"""Weights and preprocessor of an earlier run, or of a preset, to begin with."""

import dataclasses

import numpy as np
import pytest

from tests.support import small_preset
from tfm import errors
from tfm import inputs
from tfm import models
from tfm.adaptation import Adapt
from tfm.run import assembly
from tfm.run import folder as run_folder
from tfm.run import trained
from tfm.run import warm_start


def _experiment(run, **fields):
    """That of the finished run, with its model's weights to begin with."""
    e = run_folder.RunFolder(run).experiment()
    return dataclasses.replace(
        e,
        adapt=Adapt(init_from=str(run)),
        inputs=dataclasses.replace(e.inputs, **fields),
    )


class NoDataset:
    """Data that nothing may be read of."""

    preprocessor = None

    def training_rows(self):
        return iter(())


def test_the_vocabulary_comes_with_the_weights(run):
    e = _experiment(run, max_length=4, truncate="start")
    found = assembly.preprocessor_of(e, NoDataset())
    theirs = trained.load(str(run)).preprocessor
    assert found.tokenizer.vocabulary == theirs.tokenizer.vocabulary
    rows = [{"text": "the film was a lovely story"}]
    (whole,) = theirs.encode(rows)["tokens"]
    assert len(whole) == 6
    np.testing.assert_array_equal(found.encode(rows)["tokens"][0], whole[-4:])


def test_other_tokens_are_refused(run):
    e = _experiment(run, vocab_size=50, lowercase=False)
    with pytest.raises(errors.UserError) as caught:
        assembly.preprocessor_of(e, NoDataset())
    for part in (
        str(run),
        "--inputs.vocab_size=60 --inputs.lowercase=true",
        "--inputs.vocab_size=50 --inputs.lowercase=false",
    ):
        assert part in str(caught.value)


def test_weights_of_a_run_are_loaded_and_told(run):
    e = _experiment(run)
    before = trained.load(str(run))
    model = assembly.build_model(e, before.objective)
    lines = warm_start.load_weights(model, e)
    assert lines[0].startswith(f"Loaded      {len(model.weights)} weights of {run} (st")
    for ours, theirs in zip(
        model.get_weights(), before.model.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_without_a_source_nothing_is_loaded(run):
    e = run_folder.RunFolder(run).experiment()
    assert warm_start.preprocessor(e) is None
    assert warm_start.load_weights(None, e) == []


def test_a_source_that_is_none_is_told(run, tmp_path):
    e = _experiment(run)

    def of(source):
        return dataclasses.replace(e, adapt=Adapt(init_from=str(source)))

    with pytest.raises(errors.UserError, match="init_from names a run folder. There i"):
        warm_start.preprocessor(of(tmp_path / "none"))
    with pytest.raises(errors.UserError, match="holds no run. The weights of a preset"):
        warm_start.load_weights(None, of(tmp_path))


def test_a_preset_brings_its_weights(run, tmp_path):
    preset = small_preset.write(tmp_path / "preset")
    e = dataclasses.replace(
        run_folder.RunFolder(run).experiment(),
        inputs=inputs.PretrainedText(max_length=6),
        model=models.Pretrained(preset=preset),
    )
    preprocessor = assembly.preprocessor_of(e, NoDataset())
    model = e.model.build(preprocessor.specs)
    (loaded, left) = warm_start.load_weights(model, e)
    assert loaded == f"Loaded      {len(model.weights)} weights of {preset}"
    assert left.split() == ["left", "pooled_dense/kernel,", "pooled_dense/bias"]
