"""Weights by name and shape: what is loaded, new, left, cut, and refused."""

import dataclasses

import keras
import numpy as np
import pytest

from tests.support import classifiers
from tests.support import small_run
from tfm import errors
from tfm import layers
from tfm.adaptation import groups
from tfm.adaptation import lora
from tfm.adaptation import weights_from
from tfm.checkpoints import checkpoints


@dataclasses.dataclass(frozen=True)
class Config:
    """A model with the layers' names of the real ones, built in no time."""

    width: int = 4
    hidden: int = 8
    num_blocks: int = 2
    pooling: str = "mean"

    def build(self, specs) -> keras.Model:
        (max_length,), _, vocab_size = specs["tokens"]
        tokens = keras.Input((max_length,), dtype="int32", name="tokens")
        x = layers.TokenEmbedding(vocab_size, self.width, name="embedding")(tokens)
        x = layers.LearnedPositions(max_length, self.width, name="positions")(x)
        for i in range(self.num_blocks):
            x = layers.FeedForward(self.width, self.hidden, name=f"block_{i}")(x)
        pooled = layers.Pooling(self.pooling, self.width, name="pooling")(x)
        return keras.Model({"tokens": tokens}, {"sequence": x, "pooled": pooled})


def _classifier(config=None, vocab_size=20, max_length=6, labels="ab", seed=0):
    model, backbone = classifiers.build(
        config or Config(), vocab_size, max_length, labels
    )
    groups.mark_backbone(model, backbone)
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(size=v.shape) for v in model.weights])
    return model


def _save(folder, model, step=7, kind="last", ema=False):
    optimizer = keras.optimizers.SGD(0.0, use_ema=ema, ema_momentum=0.5)
    optimizer.build(model.trainable_variables)
    state = checkpoints.Checkpoints(folder, model, optimizer, keep=2)
    state.step.assign(step)
    if ema:
        averages = optimizer._model_variables_moving_average
        for average, weight in zip(averages, model.trainable_variables, strict=True):
            average.assign(weight + 1)
    state.save_best() if kind == "best" else state.save()
    state.wait()


def _values(model) -> dict[str, np.ndarray]:
    return {v.path: v.numpy() for v in model.weights}


def test_a_head_for_other_labels_is_new_and_the_rest_is_loaded(tmp_path):
    source, model = _classifier(seed=1), _classifier(labels="abc")
    _save(tmp_path, source)
    before, theirs = _values(model), _values(source)
    report = weights_from.from_run(model, tmp_path, "runs/bert")
    for path, value in _values(model).items():
        expected = before if path.startswith("head") else theirs
        np.testing.assert_array_equal(value, expected[path])
    count = len(model.weights) - 2
    assert report.lines() == [
        f"Loaded      {count} weights of runs/bert (step 7)",
        "  new       head/kernel, head/bias",
        "  left      head/kernel, head/bias",
    ]


def test_what_only_one_of_them_has_is_told(tmp_path):
    _save(tmp_path, _classifier(Config(pooling="attention")))
    deeper = Config(num_blocks=5)
    report = weights_from.from_run(_classifier(deeper), tmp_path, "runs/bert")
    assert {path.partition("/")[0] for path in report.new} == {
        "block_2",
        "block_3",
        "block_4",
    }
    assert {path.partition("/")[0] for path in report.left} == {"pooling"}
    new, left = report.lines()[1:]
    assert new.endswith(", block_3/output/bias and 4 more") and "pooling/" in left


def test_the_best_checkpoint_goes_before_the_last(tmp_path):
    model = _classifier()
    _save(tmp_path, _classifier(seed=1), step=9)
    assert "step 9" in weights_from.from_run(model, tmp_path, "a run").source
    best = _classifier(seed=2)
    _save(tmp_path, best, step=5, kind="best")
    assert "step 5" in weights_from.from_run(model, tmp_path, "a run").source
    np.testing.assert_array_equal(model.get_weights()[0], best.get_weights()[0])


def test_averaged_weights_are_taken(tmp_path):
    source, model = _classifier(seed=1), _classifier()
    _save(tmp_path, source, ema=True)
    weights_from.from_run(model, tmp_path, "a run")
    for path, value in _values(source).items():
        np.testing.assert_allclose(_values(model)[path], value + 1, rtol=1e-6)


def test_a_damaged_checkpoint_is_passed_over(tmp_path, capsys):
    first, model = _classifier(seed=1), _classifier()
    _save(tmp_path, first, step=3)
    _save(tmp_path, _classifier(seed=2), step=4)
    data = next((tmp_path / "last" / "step-00000004").glob("state.data*"))
    data.write_bytes(data.read_bytes()[:-500] + bytes(500))
    assert "step 3" in weights_from.from_run(model, tmp_path, "a run").source
    assert "damaged" in capsys.readouterr().err
    np.testing.assert_array_equal(model.get_weights()[0], first.get_weights()[0])


def test_kerass_own_numbers_do_not_matter_but_the_order_does(tmp_path):
    def make(seed):
        dense = [keras.layers.Dense(3) for _ in range(3)]
        model = keras.Sequential([keras.Input((3,)), *dense])
        rng = np.random.default_rng(seed)
        model.set_weights([rng.normal(size=v.shape) for v in model.weights])
        return model

    source, model = make(1), make(2)
    assert not {v.path for v in model.weights} & {v.path for v in source.weights}
    _save(tmp_path, source)
    weights_from.from_run(model, tmp_path, "a run")
    for ours, theirs in zip(model.get_weights(), source.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_positions_are_cut_but_not_made_up(tmp_path):
    source = _classifier(seed=1, max_length=9)
    _save(tmp_path, source)
    model = _classifier()
    report = weights_from.from_run(model, tmp_path, "runs/bert")
    name = "positions/lookup/embeddings"
    np.testing.assert_array_equal(_values(model)[name], _values(source)[name][:6])
    assert report.lines()[0].endswith(f"; {name} cut from 9 to 6")
    with pytest.raises(errors.UserError) as caught:
        weights_from.from_run(_classifier(max_length=12), tmp_path, "runs/bert")
    assert str(caught.value) == (
        f"runs/bert knows 9 positions at the most: {name} is 9 x 4 there, 12 x 4 here. "
        "Give --inputs.max_length=9 or less."
    )


@pytest.mark.parametrize(
    ("config", "vocab_size", "message"),
    [
        (
            Config(),
            30,
            "The vocabulary of runs/bert is another one: embedding/lookup/embeddings "
            "is 20 x 4 there, 30 x 4 here. The token ids must be the same ones.",
        ),
        (
            Config(width=8),
            20,
            "The widths of runs/bert are others: embedding/lookup/embeddings is "
            "20 x 4 there, 20 x 8 here. The model's fields must be the same ones.",
        ),
        (
            Config(hidden=16),
            20,
            "The widths of runs/bert are others: block_0/hidden/kernel is "
            "4 x 8 there, 4 x 16 here. The model's fields must be the same ones.",
        ),
    ],
)
def test_other_shapes_are_refused_and_nothing_is_changed(
    tmp_path, config, vocab_size, message
):
    _save(tmp_path, _classifier())
    model = _classifier(config, vocab_size, seed=3)
    before = model.get_weights()
    with pytest.raises(errors.UserError) as caught:
        weights_from.from_run(model, tmp_path, "runs/bert")
    assert str(caught.value) == message
    for ours, theirs in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_another_model_and_a_run_without_a_checkpoint_are_refused(tmp_path):
    run = small_run.Run(tmp_path / "checkpoints", name="output")
    run.save_steps(1)
    run.state.__exit__(None)
    with pytest.raises(errors.UserError, match="has no weight that this model has too"):
        weights_from.from_run(_classifier(), tmp_path / "checkpoints", "runs/x")
    with pytest.raises(errors.UserError, match="runs/x has no checkpoint to take"):
        weights_from.from_run(_classifier(), tmp_path / "none", "runs/x")


@pytest.mark.parametrize("alpha", [None, 0.5, 6])
def test_a_runs_adapters_are_added_to_its_kernels(tmp_path, alpha):
    source = _classifier(seed=1)
    lora.enable(source, 2, ("hidden", "embedding"), alpha)
    rng = np.random.default_rng(2)
    for variable in source.trainable_variables:
        variable.assign(rng.normal(size=variable.shape))
    _save(tmp_path, source)
    tokens = {"tokens": np.array([[1, 2, 3, 4, 0, 0]])}
    expected = np.asarray(source(tokens))
    model = _classifier()
    report = weights_from.from_run(model, tmp_path, "a run")
    np.testing.assert_allclose(model(tokens), expected, rtol=1e-4, atol=1e-5)
    assert report.notes == ("adapters of 3 layers added to them",)
    assert not report.left and not report.new
    adapted = _classifier()  # whose own adapters begin anew
    lora.enable(adapted, 4, ("hidden",), 3)
    weights_from.from_run(adapted, tmp_path, "a run")
    np.testing.assert_allclose(adapted(tokens), expected, rtol=1e-4, atol=1e-5)
    other = _classifier()
    assert weights_from.from_model(other, source, "it").notes == report.notes
    lora.merge(source)  # the same sum in the same order, by whichever way
    for ours, theirs, direct in zip(
        model.get_weights(), source.get_weights(), other.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
        np.testing.assert_array_equal(direct, theirs)
