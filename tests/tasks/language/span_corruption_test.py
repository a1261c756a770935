"""Spans: how many, how long, nothing lost; targets, losses by hand."""

import math

import numpy as np
import pytest

from tests.support import small_models
from tfm import errors
from tfm import inputs
from tfm import interfaces
from tfm import tasks

TASK = tasks.SpanCorruption()


def _special(task, length):
    """What the task reserves for encoders of a length."""
    return tuple(task.reserves(inputs.Text(max_length=length)))


PREPROCESSOR = small_models.preprocessor("wordpiece", 130, _special(TASK, 64), 64)
TOKENIZER = PREPROCESSOR.tokenizer
EOS, FIRST = TOKENIZER.id_of("[EOS]"), TOKENIZER.first_word_id


def _objective(task=TASK, preprocessor=PREPROCESSOR):
    return task.bind({}, preprocessor)


def _window(length, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(FIRST, TOKENIZER.vocab_size, length).astype(np.int32)


def _example(objective, window, seed=0):
    rng = np.random.default_rng(seed)
    return objective.example(window, np.ones_like(window), rng)


def _real(row):
    return row[row > 0].tolist()


def _spans(targets, first=FIRST) -> dict[int, list]:
    """What the targets give for each sentinel."""
    spans = {}
    for token in targets:
        if token < first:
            spans[token] = current = []
        else:
            current.append(token)
    return spans


def _restored(found) -> list:
    """The window, from what stays and the targets."""
    *targets, end = _real(found["targets"])
    *stays, encoder_end = _real(found["tokens"])
    assert (end, encoder_end) == (EOS, EOS)
    spans = _spans(targets)
    assert list(spans) == [token for token in stays if token < FIRST]
    parts = [spans[token] if token < FIRST else [token] for token in stays]
    return [token for part in parts for token in part]


@pytest.mark.parametrize("length", [2, 3, 5, 10, 40, 68])
def test_the_rest_and_the_targets_give_the_window_back(length):
    objective = _objective()
    for seed in range(30):
        window = _window(length, seed)
        found = _example(objective, window, seed)
        assert _restored(found) == window.tolist()
        number = len(_real(found["targets"]))
        assert found["target_weight"].tolist() == [1] * number + [0] * (
            objective.decoder_length - number
        )
        shifted = [EOS, *_real(found["targets"])[:-1]]
        assert _real(found["decoder_tokens"]) == shifted


def test_the_sizes_are_those_of_t5():
    # Raffel et al. 2020: 512 tokens in, 114 out; their code gives 568 for the window
    lengths = TASK.lengths(512)
    assert (lengths.window, lengths.decoder_length) == (568, 114)
    assert len(_special(TASK, 512)) == 1 + lengths.num_spans == 29


def test_a_whole_window_fills_the_static_shapes():
    objective = _objective()
    found = _example(objective, _window(objective.window))
    assert (found["tokens"] > 0).sum() in (63, 64)
    assert (found["targets"] > 0).all()
    for name, spec in objective.spec.items():
        assert (found[name].dtype, found[name].shape) == (spec.dtype, spec.shape)


@pytest.mark.parametrize("length", range(8, 200, 7))
@pytest.mark.parametrize(("density", "mean"), [(0.15, 3.0), (0.3, 2.0), (0.15, 1.0)])
def test_no_window_is_too_long(length, density, mean):
    try:
        lengths = tasks.SpanCorruption(density, mean).lengths(length)
    except errors.UserError:
        assert density * length < 3
        return
    for window in range(2, lengths.window + 1):
        num_noise, num_spans = lengths.noise(window)
        assert 1 <= num_spans <= min(num_noise, window - num_noise)
        assert window - num_noise + num_spans + 1 <= length
        assert num_noise + num_spans + 1 <= lengths.decoder_length
    num_noise, num_spans = lengths.noise(lengths.window + 1)
    assert lengths.window + 1 - num_noise + num_spans + 1 > length


@pytest.mark.parametrize(("density", "mean"), [(0.15, 3.0), (0.3, 2.0)])
def test_density_and_mean_span_over_many_windows(density, mean):
    task = tasks.SpanCorruption(density, mean)
    preprocessor = small_models.preprocessor("wordpiece", 200, _special(task, 256), 256)
    objective = _objective(task, preprocessor)
    first, window = preprocessor.tokenizer.first_word_id, objective.window
    cut, lengths = np.zeros(window), []
    for seed in range(400):
        found = _example(objective, np.full(window, first, np.int32), seed)
        spans = _spans(_real(found["targets"])[:-1], first)
        lengths += [len(span) for span in spans.values()]
        place = 0
        for token in _real(found["tokens"])[:-1]:
            size = len(spans[token]) if token < first else 0
            cut[place : place + size] += 1
            place += size or 1
        assert place == window
    assert np.mean(cut) / 400 == pytest.approx(density, abs=0.003)
    assert np.mean(lengths) == pytest.approx(mean, abs=0.1)
    assert min(lengths) == 1 and max(lengths) > 2 * mean
    # as often in the middle as anywhere
    third = window // 3
    thirds = [cut[i * third : (i + 1) * third].mean() / 400 for i in range(3)]
    np.testing.assert_allclose(thirds, density, atol=0.02)


def test_an_end_token_of_the_corpus_is_not_doubled():
    found = _example(_objective(), np.append(_window(20), EOS).astype(np.int32))
    assert _real(found["tokens"]).count(EOS) == 1
    assert _restored(found) == _window(20).tolist()


@pytest.mark.parametrize("window", [[], [EOS], [FIRST], [FIRST, EOS]])
def test_nothing_to_cut_out(window):
    found = _example(_objective(), np.array(window, np.int32))
    assert not found["target_weight"].any()
    assert _real(found["decoder_tokens"]) == _real(found["targets"]) == [EOS]
    assert _real(found["tokens"]) == [t for t in window if t != EOS] + [EOS]


def test_spans_are_dynamic_and_reproducible():
    objective, window = _objective(), _window(60)
    first, again, other = (_example(objective, window, [0, e]) for e in (0, 0, 1))
    for name in objective.spec:
        np.testing.assert_array_equal(first[name], again[name])
    assert (first["tokens"] != other["tokens"]).any()


def test_losses_and_metrics_by_hand():
    objective = _objective()
    rows = [_example(objective, _window(n), n) for n in (60, 20, 40)]
    batch = small_models.stack(rows, weight=(1, 1, 0))
    shape = (3, objective.decoder_length, TOKENIZER.vocab_size)
    logits = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    losses, weights, _ = objective.loss(logits, batch)
    expected = -np.take_along_axis(
        small_models.log_softmax(logits), batch["targets"][..., None], axis=2
    )[..., 0]
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    np.testing.assert_array_equal(weights, batch["target_weight"] * [[1], [1], [0]])
    found = small_models.metrics(objective, logits, batch)
    loss = np.average(expected, weights=weights)
    right = logits.argmax(axis=2) == batch["targets"]
    assert found == pytest.approx(
        {
            "loss": loss,
            "perplexity": math.exp(loss),
            "accuracy": np.average(right, weights=weights),
        }
    )
    smooth = _objective(tasks.SpanCorruption(label_smoothing=0.1))
    again = small_models.metrics(smooth, logits, batch)
    assert again == pytest.approx(found, rel=1e-6)


def test_the_head_is_on_the_decoder():
    objective = _objective()
    backbone = small_models.backbone(objective.inputs)
    model = objective.head(backbone)
    assert set(model.input) == {"tokens", "decoder_tokens"}
    batch = small_models.stack([_example(objective, _window(60))])
    given = {name: batch[name] for name in model.input}
    logits = model(given)
    assert logits.shape == (1, objective.decoder_length, TOKENIZER.vocab_size)
    sequence = backbone(given)["causal"]
    expected = np.asarray(sequence) @ backbone.get_layer("embedding").table.numpy().T
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(objective.logits(model, sequence), logits, rtol=1e-5)


def test_missing_sentinels_are_told_with_the_flag():
    bare = small_models.preprocessor("word", 60, ("[MASK]", "[EOS]"), 30)
    with pytest.raises(errors.UserError) as told:
        TASK.bind({}, bare)
    assert str(told.value).endswith(
        "does not have: <extra_id_0>, <extra_id_1>. "
        "Give --inputs.special_tokens=[MASK],[EOS],<extra_id_0>,<extra_id_1>"
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"noise_density": 1.0}, "noise_density must be between 0 and 1"),
        ({"mean_span": 0.5}, "mean_span must be at least 1. Got mean_span=0.5"),
        ({"label_smoothing": -0.1}, "label_smoothing must be in"),
    ],
)
def test_wrong_fields(fields, message):
    with pytest.raises(errors.UserError, match=message):
        tasks.SpanCorruption(**fields)


@pytest.mark.parametrize(("density", "length"), [(0.15, 2), (0.8, 64)])
def test_a_max_length_that_is_too_small(density, length):
    with pytest.raises(errors.UserError, match=f"max_length={length} is too small"):
        tasks.SpanCorruption(density).reserves(inputs.Text(max_length=length))


def test_sentinels_are_reserved_where_the_vocabulary_has_room():
    few = inputs.Text(max_length=30, vocab_size=5, special_tokens=("[EOS]",))
    enough = inputs.Text(max_length=30, vocab_size=6, special_tokens=("[EOS]",))
    assert TASK.reserves(enough) == ("[EOS]", "<extra_id_0>", "<extra_id_1>")
    with pytest.raises(errors.UserError, match="vocab_size must be at least 6"):
        TASK.reserves(few)


def test_which_way_each_metric_is_better():
    names = (*TASK.metrics, "bits_per_byte")
    assert TASK.metrics == ("loss", "perplexity", "accuracy")
    assert [TASK.direction(name) for name in names] == ["min", "min", "max", None]


def test_it_writes_after_the_end_token():
    objective = _objective()
    assert isinstance(objective, interfaces.Writes) and objective.start_id == EOS
    with pytest.raises(errors.UserError, match="tasks.SpanCorruption writes"):
        objective.examples(None, "predict")
