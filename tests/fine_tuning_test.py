"""Whole runs that begin with other weights: of a run, with adapters, of a preset."""

import dataclasses
import shutil

import numpy as np
import pytest

from tests.support import reviews
from tests.support import small_preset
from tfm import errors
from tfm import evaluate
from tfm import inputs
from tfm import merge
from tfm import models
from tfm import training
from tfm.adaptation import Adapt
from tfm.checkpoints import checkpoints
from tfm.run import folder as run_folder
from tfm.run import trained

TEXTS = ["a lovely film", "the story was dull", "awful"]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A CSV of reviews, and a finished run on it."""
    folder = tmp_path_factory.mktemp("source")
    csv = reviews.write_csv(folder / "reviews.csv")
    e = reviews.experiment(csv)
    transformer = models.Transformer(
        num_layers=1, width=8, num_heads=2, feedforward_width=8
    )
    reviews.start(dataclasses.replace(e, model=transformer), folder / "run", "text_cls")
    return csv, folder / "run"


def _from(run, optimizer=None, adapt=None, **train):
    e = run_folder.RunFolder(run).experiment()
    return dataclasses.replace(
        e,
        adapt=Adapt(init_from=str(run), **adapt or {}),
        train=dataclasses.replace(e.train, **train),
        optimizer=optimizer or e.optimizer,
    )


def _weights(run) -> dict[str, np.ndarray]:
    return {v.path: v.numpy() for v in trained.load(str(run)).model.weights}


def test_a_run_begins_where_another_ended_but_resumes_from_its_own(
    source, tmp_path, capsys
):
    _, run = source
    still = training.Optimizer(learning_rate=1e-9)
    reviews.start(_from(run, still, steps=2), tmp_path / "next", "text_cls")
    assert f"weights of {run} (step" in capsys.readouterr().out
    ours, theirs = _weights(tmp_path / "next"), _weights(run)
    for path, value in theirs.items():
        np.testing.assert_allclose(ours[path], value, atol=1e-6)
    moved = _from(run, still, steps=4)
    reviews.start(moved, tmp_path / "next", "text_cls")
    out = capsys.readouterr().out
    assert "Restored" in out and "Loaded" not in out


def test_adapters_train_resume_and_are_saved_alone(source, tmp_path, capsys):
    _, run = source
    e = _from(run, adapt={"lora_rank": 2}, steps=6, eval_every=3)
    reviews.start(e, tmp_path / "whole", "text_cls")
    out = capsys.readouterr().out
    assert "Adapters    rank 2 on 2 layers; trains " in out
    before, after = _weights(run), _weights(tmp_path / "whole")
    for path, value in before.items():
        if not path.startswith("head"):
            np.testing.assert_array_equal(after[path], value)
    assert np.any(after["block_0/attention/query/lora_kernel_b"])
    folder = run_folder.RunFolder(tmp_path / "whole")
    size = sum(file.stat().st_size for file in folder.adapter.iterdir())
    assert size < 6_000
    half = dataclasses.replace(e, train=dataclasses.replace(e.train, steps=3))
    reviews.start(half, tmp_path / "cut", "text_cls")
    reviews.start(e, tmp_path / "cut", "text_cls")
    first = trained.load(str(tmp_path / "whole"), "last")
    second = trained.load(str(tmp_path / "cut"), "last")
    names = [v.path for v in first.model.weights]
    assert names == [v.path for v in second.model.weights]
    assert first.step == second.step == 6
    assert first.model.count_params() > trained.load(str(run)).model.count_params()


def test_adapters_are_merged_into_a_run_that_goes_on(source, tmp_path, capsys):
    _, run = source
    e = _from(run, adapt={"lora_rank": 2}, steps=4)
    e = dataclasses.replace(e, optimizer=dataclasses.replace(e.optimizer, ema=0.5))
    reviews.start(e, tmp_path / "adapted", "text_cls")
    # as of a run that was stopped and scored on its test split alone
    (tmp_path / "adapted/metrics.json").write_text('{"test": {}}')
    merged = str(tmp_path / "merged")
    options = merge.Options(run_dir=str(tmp_path / "adapted"), output=merged)
    merge.main(options)
    out = capsys.readouterr().out
    assert "step 4: " in out and f"tfm.evaluate --run_dir={merged}" in out
    before, after = (trained.load(str(r)) for r in (tmp_path / "adapted", merged))
    assert not [v for v in after.model.weights if "lora" in v.path]
    assert after.model.count_params() < before.model.count_params()
    for ours, theirs in zip(after.predict(TEXTS), before.predict(TEXTS), strict=True):
        assert ours["probabilities"] == pytest.approx(theirs["probabilities"], rel=1e-5)
    surpass = [
        checkpoints.read_best(tmp_path / name / "checkpoints/best", 4)
        for name in ("adapted", "merged")
    ]
    assert surpass[0] == surpass[1]
    assert surpass[0]["best_step"] == 4 and surpass[0]["best_value"] > 0
    assert 0 < surpass[0]["lowest_loss"] <= surpass[0]["best_loss"] < float("inf")
    scores = evaluate.Options(run_dir=merged, split="validation")
    evaluate.main(scores)
    folder = run_folder.RunFolder(merged)
    further = folder.experiment()
    settings = dataclasses.replace(further.train, steps=6)
    reviews.start(dataclasses.replace(further, train=settings), merged, "text_cls")
    assert "Restored    step 4 of 6" in capsys.readouterr().out
    path = "block_0/attention/query/kernel"
    first, last = (
        {v.path: v.numpy() for v in model.weights}[path]
        for model in (after.model, trained.load(merged, "last").model)
    )
    assert np.any(first != last)
    with pytest.raises(errors.UserError, match="merged is there already. Give ano"):
        merge.main(options)


def test_what_cannot_be_merged_is_told(source, tmp_path):
    run = str(source[1])
    with pytest.raises(errors.UserError, match="run has no adapters: it was trained"):
        merge.main(merge.Options(run_dir=run, output=str(tmp_path / "merged")))
    with pytest.raises(errors.UserError, match="Give --output=DIR"):
        merge.main(merge.Options(run_dir=run))


def test_groups_thaw_one_after_the_other(source, tmp_path, capsys):
    _, run = source
    e = _from(
        run,
        training.Optimizer(learning_rate=0.01),
        adapt={"layer_decay": 0.5, "unfreeze_every": 2},
        steps=4,
    )
    reviews.start(e, tmp_path / "next", "text_cls")
    out = capsys.readouterr().out
    assert "Unfreezes   head at step 0, block_0 at step 2, embedding at step 4" in out
    before = _weights(run)
    ended = {
        v.path: v.numpy()
        for v in trained.load(str(tmp_path / "next"), "last").model.weights
    }
    moved = {p.split("/")[0] for p in before if np.any(before[p] != ended[p])}
    assert moved == {"head", "block_0", "final_norm"}


def test_a_published_model_is_tuned_and_its_run_stands_alone(source, tmp_path, capsys):
    csv, _ = source
    preset = small_preset.write(tmp_path / "preset", dropout=0.0)
    e = dataclasses.replace(
        reviews.experiment(csv, steps=3),
        inputs=inputs.PretrainedText(max_length=8),
        model=models.Pretrained(preset=preset),
    )
    reviews.start(e, tmp_path / "run", "text_cls")
    assert f"weights of {preset}" in capsys.readouterr().out
    expected = trained.load(str(tmp_path / "run")).predict(TEXTS)
    shutil.rmtree(preset)
    alone = trained.load(str(tmp_path / "run"))
    assert alone.predict(TEXTS) == expected
    assert isinstance(alone.experiment.inputs, inputs.PretrainedText)
    further = dataclasses.replace(e, train=dataclasses.replace(e.train, steps=5))
    reviews.start(further, tmp_path / "run", "text_cls")
    assert "Restored    step 3 of 5" in capsys.readouterr().out
