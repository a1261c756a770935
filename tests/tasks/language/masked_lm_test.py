"""Examples of masked language modelling, its head, its losses by hand, fillings."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support import small_models
from tfm import errors
from tfm import inputs
from tfm import tasks

PAIR = ("[EOS]", "[CLS]", "[SEP]", "[MASK]")
LENGTH = 24
PREPROCESSOR = small_models.preprocessor("wordpiece", 130, PAIR, LENGTH)
TOKENIZER = PREPROCESSOR.tokenizer
EOS, CLS, SEP, MASK = (TOKENIZER.id_of(name) for name in PAIR)
FIRST = TOKENIZER.first_word_id


def _objective(**fields):
    return tasks.MaskedLM(**fields).bind({}, PREPROCESSOR)


def _window(objective, seed=0, length=None):
    rng = np.random.default_rng(seed)
    size = objective.window if length is None else length
    return rng.integers(FIRST, TOKENIZER.vocab_size, size).astype(np.int32)


def _examples(objective, count=3, length=None):
    rows = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        window = _window(objective, seed, length)
        segments = np.repeat([1, 2], [5, len(window) - 5]).astype(np.int32)
        other = lambda rng, s=seed: _window(objective, s + 1000)  # noqa: E731
        rows.append(objective.example(window, segments, rng, other))
    return rows


@pytest.mark.parametrize("length", [LENGTH, 15])
def test_an_example_holds_the_window_behind_its_masks(length):
    objective = _objective(mask_rate=0.3)
    assert objective.num_masked == 8
    (found,) = _examples(objective, 1, length)
    for name, spec in objective.spec.items():
        assert (found[name].dtype, found[name].shape) == (spec.dtype, spec.shape)
    window = _window(objective, 0, length)
    real = found["masked_weight"] > 0
    assert real.sum() in ((7, 8) if length == LENGTH else (4, 5))
    positions = found["masked_positions"][real]
    restored = found["tokens"].copy()
    restored[positions] = found["masked_targets"][real]
    assert restored[:length].tolist() == window.tolist()
    assert not restored[length:].any()
    assert (found["tokens"][positions] != window[positions]).any()
    assert found["segments"].tolist() == [1] * 5 + [2] * (length - 5) + [0] * (
        LENGTH - length
    )


def test_masks_are_dynamic_and_reproducible():
    objective = _objective()
    window = _window(objective)
    first, again, other = (
        objective.example(window, np.ones_like(window), np.random.default_rng(key))
        for key in ([0, 0, 3], [0, 0, 3], [0, 1, 3])
    )
    for name in objective.spec:
        np.testing.assert_array_equal(first[name], again[name])
    assert (first["masked_positions"] != other["masked_positions"]).any()


def test_what_windows_hold():
    packed = _objective()
    assert packed.documents == "packed" and set(packed.inputs) == {"tokens", "segments"}
    joined, alone = (_objective(documents=of) for of in ("joined", "separate"))
    assert (joined.documents, alone.documents) == ("joined", "separate")
    assert set(joined.inputs) == set(alone.inputs) == {"tokens"}
    assert "segments" not in joined.spec | alone.spec
    pair = _objective(next_sentence=True)
    assert pair.documents == "separate" and set(pair.inputs) == {"tokens", "types"}
    assert pair.inputs["types"] == ((LENGTH,), "int32", 2)
    assert (pair.window, pair.context) == (LENGTH - 3, 0)


def test_half_of_the_pairs_follow_each_other():
    objective = _objective(next_sentence=True)
    window = np.append(np.arange(FIRST, FIRST + 20), EOS).astype(np.int32)
    other = np.append(np.arange(FIRST + 50, FIRST + 70), EOS).astype(np.int32)
    follows, lengths = [], {0: [], 1: []}
    for number in range(2000):
        rng = np.random.default_rng(number)
        found = objective.example(window, np.ones_like(window), rng, lambda rng: other)
        real = found["masked_weight"] > 0
        row = found["tokens"].copy()
        row[found["masked_positions"][real]] = found["masked_targets"][real]
        row = row[row > 0]
        assert (row[0], row[-1], (row == SEP).sum()) == (CLS, SEP, 2)
        assert EOS not in row
        middle = int(np.flatnonzero(row == SEP)[0])
        types = found["types"].tolist()
        assert types == [0] * (middle + 1) + [1] * (len(row) - middle - 1) + [0] * (
            LENGTH - len(row)
        )
        first, second = row[1:middle], row[middle + 1 : -1]
        assert len(first) and len(second)
        assert first.tolist() == window[: len(first)].tolist()
        rest = window if found["is_next"] else other
        assert second.tolist() == rest[:-1][-len(second) :].tolist()
        follows.append(found["is_next"])
        lengths[int(found["is_next"])].append(len(second))
    assert np.mean(follows) == pytest.approx(0.5, abs=0.03)
    assert np.mean(lengths[0]) == pytest.approx(np.mean(lengths[1]), rel=0.1)


def test_pairs_of_tiny_documents():
    objective = _objective(next_sentence=True)
    one = np.array([FIRST], np.int32)
    for seed in range(10):
        rng = np.random.default_rng(seed)
        found = objective.example(one, np.ones_like(one), rng, lambda rng: one + 1)
        assert found["is_next"] == 0  # there is nothing to follow
        assert found["tokens"][[0, 2, 4]].tolist() == [CLS, SEP, SEP]


def _model(objective, width=6, embedding_width=6):
    backbone = small_models.backbone(objective.inputs, width, embedding_width)
    return backbone, objective.head(backbone)


@pytest.mark.parametrize("embedding_width", [6, 4])
def test_only_masked_positions_go_through_the_head(embedding_width):
    objective = _objective()
    backbone, model = _model(objective, 6, embedding_width)
    bias = np.random.default_rng(0).normal(size=TOKENIZER.vocab_size)
    model.get_layer("head_bias").bias.assign(bias)
    batch = small_models.stack(_examples(objective))
    given = {name: batch[name] for name in model.input}
    assert set(given) == {"tokens", "segments", "masked_positions"}
    logits = model(given)
    assert logits.shape == (3, objective.num_masked, TOKENIZER.vocab_size)
    x = np.asarray(backbone({n: given[n] for n in backbone.input})["sequence"])
    x = np.take_along_axis(x, batch["masked_positions"][..., None], axis=1)
    dense = model.get_layer("head_dense")
    x = x @ dense.kernel.numpy() + dense.bias.numpy()
    x = x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))
    x = model.get_layer("head_norm")(x.astype(np.float32)).numpy()
    assert x.mean(axis=-1) == pytest.approx(0, abs=1e-5)
    expected = x @ backbone.get_layer("embedding").table.numpy().T + bias
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)


def test_other_positions_have_no_gradient():
    objective = _objective()
    _, model = _model(objective)
    batch = small_models.stack(_examples(objective), weight=(1, 1, 0))
    batch["masked_weight"][0, 1] = 0
    logits = tf.constant(
        np.random.default_rng(0)
        .normal(size=(3, objective.num_masked, TOKENIZER.vocab_size))
        .astype(np.float32)
    )
    with tf.GradientTape() as tape:
        tape.watch(logits)
        losses, weights, _ = objective.loss(logits, batch)
        total = tf.reduce_sum(losses * weights)
    touched = np.abs(tape.gradient(total, logits)).max(axis=2) > 0
    expected = batch["masked_weight"] * batch["weight"][:, None] > 0
    np.testing.assert_array_equal(touched, expected)

    # in the features: only the masked positions, each of which reads its own token
    x = tf.Variable(
        np.random.default_rng(1).normal(size=(3, LENGTH, 6)), dtype="float32"
    )
    with tf.GradientTape() as tape:
        masked = model.get_layer("masked")(x, batch["masked_positions"])
        total = tf.reduce_sum(masked**2)
    touched = np.abs(tape.gradient(total, x)).max(axis=2) > 0
    for row, positions in zip(touched, batch["masked_positions"], strict=True):
        assert set(np.flatnonzero(row)) == set(positions)


def _random_outputs(objective, size=3, seed=0):
    rng = np.random.default_rng(seed)
    shape = (size, objective.num_masked, TOKENIZER.vocab_size)
    logits = rng.normal(size=shape).astype(np.float32)
    if not objective.pairs:
        return logits
    return {"masked": logits, "next_sentence": rng.normal(size=size).astype(np.float32)}


def _masked_losses(logits, batch):
    return -np.take_along_axis(
        small_models.log_softmax(logits), batch["masked_targets"][..., None], axis=2
    )[..., 0]


def test_losses_by_hand():
    objective = _objective()
    batch = small_models.stack(_examples(objective), weight=(1, 1, 0))
    logits = _random_outputs(objective)
    losses, weights, _ = objective.loss(logits, batch)
    np.testing.assert_allclose(losses, _masked_losses(logits, batch), rtol=1e-5)
    expected = batch["masked_weight"] * batch["weight"][:, None]
    np.testing.assert_array_equal(weights, expected)
    found = small_models.metrics(objective, logits, batch)
    loss = np.average(_masked_losses(logits, batch), weights=expected)
    right = logits.argmax(axis=2) == batch["masked_targets"]
    assert found == pytest.approx(
        {
            "loss": loss,
            "perplexity": math.exp(loss),
            "masked_accuracy": np.average(right, weights=expected),
        }
    )


def test_the_next_sentence_loss_is_added():
    objective = _objective(next_sentence=True)
    batch = small_models.stack(_examples(objective, 4), weight=(1, 1, 1, 0))
    outputs = _random_outputs(objective, 4)
    outputs["next_sentence"][:2] = np.array([50, -60]) * (2 * batch["is_next"][:2] - 1)
    losses, weights, _ = objective.loss(outputs, batch)
    sign = 2.0 * batch["is_next"] - 1
    pair = np.log1p(np.exp(-sign * outputs["next_sentence"]))  # -log sigmoid
    masked = _masked_losses(outputs["masked"], batch)
    np.testing.assert_allclose(losses, masked + pair[:, None], rtol=1e-5)
    assert not np.any(weights[3])
    found = small_models.metrics(objective, outputs, batch)
    masked_loss = np.average(masked, weights=weights)
    right = (outputs["next_sentence"] > 0) == (batch["is_next"] == 1)
    assert found["masked_loss"] == pytest.approx(masked_loss, rel=1e-5)
    assert found["next_sentence_loss"] == pytest.approx(pair[:3].mean(), rel=1e-5)
    assert found["loss"] == pytest.approx(masked_loss + pair[:3].mean(), rel=1e-5)
    assert found["perplexity"] == pytest.approx(math.exp(masked_loss), rel=1e-5)
    assert found["next_sentence_accuracy"] == pytest.approx(right[:3].mean())
    task = tasks.MaskedLM(next_sentence=True)
    assert set(found) == set(task.metrics)


@pytest.mark.parametrize("next_sentence", [False, True])
def test_metrics_do_not_depend_on_the_batches(next_sentence):
    objective = _objective(next_sentence=next_sentence)
    batch = small_models.stack(_examples(objective, 5), weight=(1, 1, 1, 1, 0))
    outputs = _random_outputs(objective, 5)
    parts = []
    for cut in (slice(0, 1), slice(1, 5)):
        part = tf.nest.map_structure(lambda v, cut=cut: v[cut], (outputs, batch))
        parts.append(small_models.results(objective, *part))
    found = objective.compute_metrics(small_models.joined(*parts), None).metrics
    assert found == pytest.approx(small_models.metrics(objective, outputs, batch))


def test_the_next_sentence_head():
    objective = _objective(next_sentence=True)
    backbone, model = _model(objective)
    batch = small_models.stack(_examples(objective))
    given = {name: batch[name] for name in model.input}
    assert set(given) == {"tokens", "types", "masked_positions"}
    outputs = model(given)
    pooled = np.asarray(backbone({n: given[n] for n in backbone.input})["pooled"])
    dense, last = (
        model.get_layer(name) for name in ("next_sentence_dense", "next_sentence")
    )
    x = np.tanh(pooled @ dense.kernel.numpy() + dense.bias.numpy())
    expected = (x @ last.kernel.numpy() + last.bias.numpy())[:, 0]
    np.testing.assert_allclose(outputs["next_sentence"], expected, rtol=1e-4, atol=1e-6)


def test_a_head_of_its_own():
    _, model = _model(_objective(tied=False))
    assert model.get_layer("head").kernel.shape == (6, TOKENIZER.vocab_size)


def test_missing_special_tokens_are_told_with_the_flag():
    bare = small_models.preprocessor("word", 60, ("[EOS]",), 16)
    with pytest.raises(errors.UserError) as told:
        tasks.MaskedLM(next_sentence=True).bind({}, bare)
    assert str(told.value) == (
        "MaskedLM needs special tokens that the vocabulary does not have: "
        "[CLS], [SEP], [MASK]. "
        "Give --inputs.special_tokens=[EOS],[CLS],[SEP],[MASK]"
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"mask_rate": 0.0}, "mask_rate must be between 0 and 1. Got mask_rate=0.0"),
        ({"mask_share": 0.95}, "nor above 1 together. Got mask_share=0.95, random_s"),
        ({"random_share": -0.1}, "must not be negative"),
        ({"documents": "all"}, "documents must be one of"),
    ],
)
def test_wrong_fields(fields, message):
    with pytest.raises(errors.UserError, match=message):
        tasks.MaskedLM(**fields)


def test_a_backbone_without_its_own_table_needs_a_head_of_its_own():
    tokens = keras.Input((LENGTH,), dtype="int32", name="tokens")
    x = keras.layers.Embedding(TOKENIZER.vocab_size, 6, name="other")(tokens)
    backbone = keras.Model({"tokens": tokens}, {"sequence": x, "pooled": x[:, 0]})
    fields = {"documents": "separate"}
    with pytest.raises(errors.UserError, match="Give --task.tied=false"):
        _objective(**fields).head(backbone)
    assert _objective(tied=False, **fields).head(backbone)


def test_a_pair_needs_room():
    task = tasks.MaskedLM(next_sentence=True)
    short = {"special_tokens": PAIR, "max_length": 4}
    with pytest.raises(errors.UserError, match="max_length of 5 or more"):
        task.reserves(inputs.Text(**short))
    short = small_models.preprocessor("word", 60, PAIR, 4)
    with pytest.raises(errors.UserError, match="max_length of 5 or more"):
        task.bind({}, short)


def test_special_tokens_are_reserved_where_the_vocabulary_has_room():
    assert tasks.MaskedLM().reserves(inputs.Text(special_tokens=PAIR)) == ("[MASK]",)
    task = tasks.MaskedLM(next_sentence=True)
    assert task.reserves(inputs.Text(vocab_size=6)) == ("[CLS]", "[SEP]", "[MASK]")
    with pytest.raises(errors.UserError, match="vocab_size must be at least 6"):
        task.reserves(inputs.Text(vocab_size=5))
    # nothing is known of a preset before it is read
    assert tasks.MaskedLM().reserves(inputs.PretrainedText()) == ("[MASK]",)


METRICS = {
    "loss": "min",
    "perplexity": "min",
    "masked_accuracy": "max",
    "masked_loss": "min",
    "next_sentence_loss": "min",
    "next_sentence_accuracy": "max",
    "bag_loss": "min",
}
ALONE = {"loss", "perplexity", "masked_accuracy"}


@pytest.mark.parametrize(
    ("fields", "known"),
    [
        ({}, ALONE),
        ({"bag_of_words": 1.0}, ALONE | {"masked_loss", "bag_loss"}),
        ({"next_sentence": True}, METRICS.keys() - {"bag_loss"}),
        ({"next_sentence": True, "bag_of_words": 1.0}, METRICS.keys()),
    ],
)
def test_which_way_each_metric_is_better(fields, known):
    task = tasks.MaskedLM(**fields)
    assert set(task.metrics) == set(known)
    for name in [*METRICS, "accuracy", "f1_macro"]:
        expected = METRICS[name] if name in known else None
        assert task.direction(name) == expected, name


@pytest.mark.parametrize(
    ("fields", "reads", "gives"),
    [
        ({}, {"sequence"}, {"segments"}),
        ({"documents": "joined"}, {"sequence"}, set()),
        ({"bag_of_words": 1.0}, {"sequence", "pooled"}, set()),
        ({"next_sentence": True}, {"sequence", "pooled"}, {"types"}),
    ],
)
def test_what_it_says_of_itself_is_what_its_objective_does(fields, reads, gives):
    task = tasks.MaskedLM(**fields)
    assert (task.reads, task.gives) == (reads, gives)
    assert set(_objective(**fields).inputs) == {"tokens"} | gives
