"""Targets of documents in windows, losses by hand, metrics whatever the batches."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support import small_models
from tests.support import small_preset
from tfm import errors
from tfm import inputs
from tfm import interfaces
from tfm import tasks

PREPROCESSOR = small_models.preprocessor("character", 60, ("[EOS]",), 8)
TOKENIZER = PREPROCESSOR.tokenizer
EOS = TOKENIZER.id_of("[EOS]")
# the last token of a document, with its end; one of two tokens; and the beginning of a
# third one that goes on in another window
WINDOW = np.array([6, 7, EOS, 8, 9, EOS, 10, 11, 12], np.int32)
SEGMENTS = np.array([1, 1, 1, 2, 2, 2, 3, 3, 3], np.int32)


def _objective(preprocessor=PREPROCESSOR, **fields):
    return tasks.CausalLM(**fields).bind({}, preprocessor)


def test_every_token_is_a_target_and_the_first_one_is_told_from_the_end_before():
    found = _objective().example(WINDOW, SEGMENTS)
    assert found["targets"].tolist() == WINDOW[1:].tolist()
    assert found["tokens"].tolist() == [6, 7, EOS, 8, 9, EOS, 10, 11]
    assert found["target_weight"].tolist() == [1] * 8
    # the end is read as the beginning of the document after it
    assert found["segments"].tolist() == [1, 1, 2, 2, 2, 3, 3, 3]


def test_a_document_that_has_no_end_begins_the_next_one_as_any():
    """As the first part of one whose tail is in another split."""
    window = np.array([0, 5, 6, 7, 8, 9], np.int32)
    found = _objective().example(window, np.array([0, 1, 1, 1, 2, 2], np.int32))
    assert found["tokens"].tolist() == [EOS, 5, 6, EOS, 8, 0, 0, 0]
    assert found["targets"].tolist() == [5, 6, 7, 8, 9, 0, 0, 0]
    assert found["target_weight"].tolist() == [1, 1, 1, 1, 1, 0, 0, 0]
    assert found["segments"].tolist() == [1, 1, 1, 2, 2, 0, 0, 0]


@pytest.fixture
def enclosing(tmp_path):
    """A preprocessor whose texts begin and end with tokens of their own."""
    preset = small_preset.write(tmp_path / "bert", max_sequence_length=16)
    return inputs.PretrainedText(preset=preset, max_length=8).fit()


def test_a_token_at_the_beginning_of_documents_is_read_and_not_told(enclosing):
    begin, end = (enclosing.tokenizer.id_of(name) for name in ("[CLS]", "[SEP]"))
    window = np.array([end, begin, 11, 12, end, begin, 13, end, begin], np.int32)
    segments = np.array([1, 2, 2, 2, 2, 3, 3, 3, 4], np.int32)
    for documents in ("packed", "separate", "joined"):
        objective = _objective(enclosing, documents=documents)
        first = documents == "joined"  # what is before is seen there
        found = objective.example(window, segments)
        padding = [0] * (not first)
        assert found["tokens"].tolist() == [*window[not first : -1], *padding]
        assert found["targets"].tolist() == [*window[1 + (not first) :], *padding]
        weights = [0, 1, 1, 1, 0, 1, 1, 0]
        assert found["target_weight"].tolist() == [*weights[not first :], *padding]
        if documents == "packed":
            assert found["segments"].tolist() == [1, 1, 1, 1, 2, 2, 2, 0]
    line = np.append(0, window[1:]), np.append(0, segments[1:])
    for documents in ("packed", "separate", "joined"):
        found = _objective(enclosing, documents=documents).example(*line)
        assert found["tokens"].tolist() == [*window[1:-1], 0]
        # a part of a text that goes on from another split
        part = np.int32([0, 11, 12, end]), np.int32([0, 1, 1, 1])
        found = _objective(enclosing, documents=documents).example(*part)
        assert found["tokens"][:4].tolist() == [begin, 11, 12, 0]
        assert found["targets"][:4].tolist() == [11, 12, end, 0]
        assert found["target_weight"].sum() == 3


def test_a_short_window_is_padded():
    found = _objective().example(WINDOW[:4], SEGMENTS[:4])
    assert found["tokens"].tolist() == [6, 7, EOS, 0, 0, 0, 0, 0]
    assert found["targets"].tolist() == [7, EOS, 8, 0, 0, 0, 0, 0]
    assert found["target_weight"].tolist() == [1, 1, 1, 0, 0, 0, 0, 0]
    assert found["segments"].tolist() == [1, 1, 2, 0, 0, 0, 0, 0]
    for few in (WINDOW[:1], WINDOW[:0]):
        found = _objective().example(few, SEGMENTS[: len(few)])
        assert not any(values.any() for values in found.values())


@pytest.mark.parametrize("documents", ["packed", "joined", "separate"])
def test_what_windows_hold(documents):
    objective, packed = _objective(documents=documents), documents == "packed"
    assert objective.documents == documents
    assert set(objective.inputs) == {"tokens", *["segments"] * packed}
    assert objective.inputs["tokens"] == ((8,), "int32", TOKENIZER.vocab_size)
    assert (objective.window, objective.context) == (8, 1)
    found = objective.example(WINDOW, SEGMENTS)
    assert found.keys() == objective.spec.keys()
    assert ("segments" in found) == packed
    for name, spec in objective.spec.items():
        assert (found[name].dtype, found[name].shape) == (spec.dtype, spec.shape)


def _batch(seed=0, weight=(1, 1, 0)):
    """Three examples, the last of which is padding; and logits."""
    objective = _objective()
    rng = np.random.default_rng(seed)
    rows = [objective.example(rng.permutation(WINDOW), SEGMENTS) for _ in range(3)]
    logits = rng.normal(size=(3, 8, TOKENIZER.vocab_size)).astype(np.float32)
    return small_models.stack(rows, weight), logits


def test_losses_by_hand():
    batch, logits = _batch()
    losses, weights, watched = _objective().loss(logits, batch)
    expected = -np.take_along_axis(
        small_models.log_softmax(logits), batch["targets"][..., None], axis=2
    )[..., 0]
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    np.testing.assert_array_equal(weights[:2], batch["target_weight"][:2])
    assert not np.any(weights[2])  # an example that fills the batch up
    right = logits[:2].argmax(axis=2) == batch["targets"][:2]
    weight = batch["target_weight"][:2]
    total, count = watched["accuracy"]
    assert (float(total), float(count)) == ((right * weight).sum(), weight.sum())
    found = small_models.metrics(_objective(), logits, batch)
    loss = np.average(expected[:2], weights=weight)
    assert found["loss"] == pytest.approx(loss, rel=1e-5)
    assert found["accuracy"] == pytest.approx(np.average(right, weights=weight))


def test_label_smoothing_spreads_the_target_and_leaves_the_metrics():
    batch, logits = _batch()
    plain, smooth = _objective(), _objective(label_smoothing=0.2)
    losses, *_ = smooth.loss(logits, batch)
    num = TOKENIZER.vocab_size
    target = np.eye(num)[batch["targets"]] * 0.8 + 0.2 / num
    expected = -(target * small_models.log_softmax(logits)).sum(axis=2)
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    found = [small_models.metrics(o, logits, batch) for o in (plain, smooth)]
    assert found[1] == pytest.approx(found[0], rel=1e-6)


def test_the_loss_is_in_float32_under_half_precision():
    batch, logits = _batch()
    losses, *_ = _objective().loss(tf.cast(logits, "bfloat16"), batch)
    rounded = tf.cast(tf.cast(logits, "bfloat16"), "float32")
    expected, *_ = _objective().loss(rounded, batch)
    np.testing.assert_array_equal(losses, expected)


def test_targets_without_weight_have_no_gradient():
    batch, logits = _batch()
    logits = tf.constant(logits)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        losses, weights, _ = _objective().loss(logits, batch)
        total = tf.reduce_sum(losses * weights)
    gradient = np.abs(tape.gradient(total, logits)).max(axis=2)
    expected = batch["target_weight"] * batch["weight"][:, None]
    np.testing.assert_array_equal(gradient > 0, expected > 0)


def test_perplexity_and_bits_per_byte_by_hand():
    # text "aé€": 1, 2 and 3 bytes, and the end, which has none
    preprocessor = small_models.of_texts(["aé€"], "character", 10, ("[EOS]",), 4)
    tokenizer = preprocessor.tokenizer
    objective = _objective(preprocessor)
    ids = [tokenizer.id_of(c) for c in "aaé€"]
    end = tokenizer.id_of("[EOS]")
    batch = small_models.stack(
        [objective.example(np.int32([0, *ids[1:], end]), np.int32([0, 1, 1, 1, 1]))]
    )
    even = np.zeros((1, 4, tokenizer.vocab_size), np.float32)
    found = small_models.metrics(objective, even, batch)
    assert found["perplexity"] == pytest.approx(tokenizer.vocab_size, rel=1e-5)
    assert found["loss"] == pytest.approx(math.log(tokenizer.vocab_size), rel=1e-5)
    bits = 4 * math.log2(tokenizer.vocab_size)
    assert found["bits_per_byte"] == pytest.approx(bits / (1 + 2 + 3), rel=1e-5)


def test_metrics_do_not_depend_on_the_batches():
    batch, logits = _batch(weight=(1, 1, 1))
    objective = _objective()
    expected = small_models.metrics(objective, logits, batch)
    parts = [
        small_models.results(
            objective, logits[cut], {n: v[cut] for n, v in batch.items()}
        )
        for cut in (slice(0, 1), slice(1, 3))
    ]
    found = objective.compute_metrics(small_models.joined(*parts), None).metrics
    assert found == pytest.approx(expected)
    assert set(expected) == set(tasks.CausalLM.metrics)


def test_nothing_counted_is_nan_and_a_huge_loss_no_error():
    objective = _objective()
    names = ("loss", "accuracy", "bytes_per_token")
    found = objective.metrics(dict.fromkeys(names, (0.0, 0.0)))
    assert all(math.isnan(value) for value in found.values())
    sums = {"loss": (1e6, 1.0), "accuracy": (0.0, 1.0), "bytes_per_token": (1.0, 1.0)}
    assert objective.metrics(sums)["perplexity"] == math.inf


@pytest.mark.parametrize("width", [6, 4])
def test_tied_logits_are_products_with_the_embedding(width):
    objective = _objective()
    backbone = small_models.backbone(objective.inputs, width)
    model = objective.head(backbone)
    assert set(model.input) == {"tokens", "segments"}
    batch, _ = _batch()
    inputs = {name: batch[name] for name in model.input}
    sequence = backbone(inputs)["causal"]
    x = np.asarray(sequence)
    if width != 6:
        x = x @ model.get_layer("head_projection").kernel.numpy()
    expected = x @ backbone.get_layer("embedding").table.numpy().T
    np.testing.assert_allclose(model(inputs), expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(
        objective.logits(model, sequence), expected, rtol=1e-4, atol=1e-6
    )
    assert model.count_params() == backbone.count_params() + (24 if width == 4 else 0)


def test_a_head_of_its_own_and_the_single_input():
    objective = _objective(documents="separate", tied=False)
    backbone = small_models.backbone(objective.inputs)
    model = objective.head(backbone)
    batch, _ = _batch()
    inputs = {"tokens": batch["tokens"]}
    logits = model(inputs)
    head = model.get_layer("head")
    sequence = backbone(inputs)["causal"]
    expected = np.asarray(sequence) @ head.kernel.numpy() + head.bias.numpy()
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(objective.logits(model, sequence), logits, rtol=1e-5)


def test_a_model_learns_a_text_by_heart():
    objective = _objective()
    model = objective.head(small_models.backbone(objective.inputs, 16, 16))
    batch = small_models.stack([objective.example(np.arange(4, 13), np.ones(9))])
    optimizer = keras.optimizers.Adam(0.03)
    inputs = {name: batch[name] for name in model.input}

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            losses, weights, _ = objective.loss(model(inputs), batch)
            loss = tf.reduce_sum(losses * weights) / tf.reduce_sum(weights)
        values = [v.value for v in model.trainable_variables]
        optimizer.apply(tape.gradient(loss, values), model.trainable_variables)
        return loss

    assert float(step()) == pytest.approx(math.log(TOKENIZER.vocab_size), rel=0.1)
    for _ in range(100):
        loss = step()
    assert float(loss) < 0.1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"documents": "mixed"}, "documents must be one of packed, joined, separate"),
        ({"label_smoothing": 1.0}, r"label_smoothing must be in \[0, 1\)"),
        ({"eval_stride": -1}, "eval_stride must be at least 0, or none. Got"),
        ({"eval_stride": 9}, "be above inputs.max_length. Got eval_stride=9, max_l.*8"),
    ],
)
def test_wrong_fields(fields, message):
    with pytest.raises(errors.UserError, match=message):
        _objective(**fields)


def test_which_way_each_metric_is_better():
    found = {name: tasks.CausalLM().direction(name) for name in METRICS}
    assert found == METRICS


METRICS = {
    "loss": "min",
    "perplexity": "min",
    "bits_per_byte": "min",
    "accuracy": "max",
    "f1_macro": None,
    "masked_loss": None,
}


def test_it_learns_from_text_that_is_not_augmented():
    task = tasks.CausalLM()
    assert task.reserves(inputs.Text()) == ("[EOS]",)
    bare = small_models.preprocessor("character", 60, ("[MASK]",), 8)
    with pytest.raises(errors.UserError, match=r"tokens=\[MASK\],\[EOS\]"):
        _objective(bare)
    with pytest.raises(errors.UserError, match="Leave inputs.augment out. Got augment"):
        task.reserves(inputs.Text(augment=inputs.Augment(delete=0.1)))
    with pytest.raises(errors.UserError, match="learns from text.*Got.*Augment"):
        task.reserves(inputs.Augment())


def test_it_writes_and_tells_nothing_of_a_text():
    objective = _objective()
    assert isinstance(objective, interfaces.Writes) and objective.start_id is None
    with pytest.raises(errors.UserError, match=r"tasks.CausalLM writes: .*generate"):
        objective.examples(None, "predict")
