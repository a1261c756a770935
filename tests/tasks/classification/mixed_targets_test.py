"""Targets of two examples, mixed by a share; sheets of pictures."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.support import pictures
from tfm import drawing
from tfm import figures
from tfm import inputs
from tfm import tasks
from tfm.data import memory
from tfm.data.columns import categories
from tfm.data.columns import category

NAMES = ("a", "b", "c")
LOGITS = np.array([[2.0, 1.0, 0.0], [0.0, 3.0, 1.0], [1.0, 1.0, 1.0]], np.float32)
WEIGHT = np.array([1, 1, 0], np.float32)
PREPROCESSOR = inputs.Image(
    size=8, normalize="unit", augment=inputs.ImageAugment(mixup=0.3)
).fit()
CLASSES = [{"label": category.Category(NAMES)}, {"label": categories.Categories(NAMES)}]


def _objective(columns, **fields):
    return tasks.ImageClassification(**fields).bind(columns, PREPROCESSOR)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("columns", CLASSES, ids=["one", "several"])
def test_the_loss_is_the_mean_of_both_losses_by_the_share(columns, smoothing):
    objective = _objective(columns, label_smoothing=smoothing)
    own, other = np.array([0, 1, 2]), np.array([2, 1, 0])
    if objective.multi_label:
        own, other = (np.eye(3, dtype=np.float32)[x] for x in (own, other))
    share = np.array([0.7, 0.2, 0.5], np.float32)
    alone = [
        objective.loss(LOGITS, {"label": label, "weight": WEIGHT})[0].numpy()
        for label in (own, other)
    ]
    mixed = {"label": own, "partner_label": other, "own_share": share}
    losses, weights, sums = objective.loss(LOGITS, mixed | {"weight": WEIGHT})
    expected = share * alone[0] + (1 - share) * alone[1]
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    np.testing.assert_array_equal(weights, WEIGHT)
    plain = objective.loss(LOGITS, {"label": own, "weight": WEIGHT})[2]
    np.testing.assert_array_equal(sums["accuracy"], plain["accuracy"])


def test_only_training_has_partners():
    rows = [{"image": pictures.smooth(seed=n), "label": NAMES[n % 3]} for n in range(6)]
    split = memory.Memory(rows, CLASSES[0], PREPROCESSOR)
    objective = _objective(CLASSES[0])
    assert objective.examples(split, "train").spec["image"].shape == (2,)
    assert objective.examples(split, "evaluate").spec["image"].shape == ()
    assert "label" not in objective.examples(split, "predict").spec


def test_the_most_confident_mistakes_are_a_sheet():
    rows = [
        {"image": pictures.smooth(8, 8, seed=n), "label": NAMES[n]} for n in range(3)
    ]
    split = memory.Memory(rows, CLASSES[0], PREPROCESSOR)
    logits = np.array([[9.0, 0, 0], [9.0, 0, 0], [0, 4.0, 0]], np.float32)
    results = {"logits": logits, "label": np.arange(3), "row": np.arange(3)}
    found = _objective(CLASSES[0]).compute_metrics(results, split).figures
    sheet = found["mistaken_pictures"]
    assert [c.split()[:3] for c in sheet.captions] == [["b", "✗", "a"], ["c", "✗", "b"]]
    for pixels, row in zip(sheet.pixels, rows[1:], strict=True):
        np.testing.assert_allclose(pixels, row["image"] / 255, atol=1e-3)
    drawn = tf.io.decode_png(drawing.png(sheet), channels=3).numpy()
    assert len(np.unique(drawn.reshape(-1, 3), axis=0)) > 50
    assert "</svg>" in drawing.svg(sheet)
    right = {**results, "logits": np.eye(3, dtype=np.float32)}
    assert "mistaken_pictures" not in (
        _objective(CLASSES[0]).compute_metrics(right, split).figures
    )


@pytest.mark.parametrize("channels", [1, 3])
def test_a_drawing_of_pictures_of_any_range(channels):
    pixels = np.linspace(-2, 3, 7 * 4 * 4 * channels).reshape(7, 4, 4, channels)
    sheet = figures.Pictures(pixels, [f"one\ntwo {n}" for n in range(7)])
    found = np.asarray(Image.open(_file(drawing.png(sheet))))
    assert found.shape[1] > found.shape[0]  # five in a row


def _file(data: bytes):
    import io

    return io.BytesIO(data)


def test_the_task_is_that_of_texts_but_for_its_use():
    ours, theirs = tasks.ImageClassification(), tasks.TextClassification()
    assert vars(ours) == vars(theirs)
    assert ours.train_steps == theirs.train_steps
    assert _objective(CLASSES[0]).usage == "predict --input=PICTURES"
    pixels = keras.Input((8, 8, 3), name="pixels")
    pooled = keras.layers.GlobalAveragePooling2D()(pixels)
    head = _objective(CLASSES[0]).head(
        keras.Model({"pixels": pixels}, {"pooled": pooled})
    )
    assert head.output.shape == (None, 3)
