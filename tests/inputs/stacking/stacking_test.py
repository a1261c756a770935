"""Stacking: out-of-fold scores of training texts, the machines' of others."""

import dataclasses
import random
import shutil

import numpy as np
import pytest
from sklearn import model_selection
from sklearn import svm

from tests.support import small_preset
from tfm import errors
from tfm import inputs
from tfm.inputs.stacking import features as stack_features
from tfm.inputs.stacking import parts

WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"]


def _rows(count=120, classes="xyz", seed=0, noise=0.3):
    rng = random.Random(seed)
    rows = []
    for i in range(count):
        label = rng.choice(classes)
        told = WORDS[classes.index(label)] if rng.random() > noise else "nothing"
        text = f"{i} {' '.join(rng.choices(WORDS, k=4))} {told} {told}"
        rows.append({"text": text, "label": label})
    return rows


def _scores(made, rows):
    return np.stack(made.encode(rows)["scores"])


def test_a_training_text_has_the_scores_of_machines_fitted_without_it():
    rows = _rows()
    made = inputs.Stacked(parts=("ngrams",), folds=3).fit(rows)
    assert made.classes == ("x", "y", "z") and made.stored["scores"].shape == (1, 3)
    texts = [row["text"] for row in rows]
    (features,) = stack_features.fit(made.config, texts, 3)(texts)
    # words and characters are of length 1 each
    np.testing.assert_allclose(features.multiply(features).sum(axis=1), 2, rtol=1e-5)
    labels = np.array([row["label"] for row in rows])
    machine = svm.LinearSVC(class_weight="balanced", random_state=0)
    cutter = model_selection.StratifiedKFold(3, shuffle=True, random_state=0)
    expected = model_selection.cross_val_predict(
        machine,
        features,
        labels,
        cv=list(cutter.split(features, labels)),
        method="decision_function",
    )
    ours = _scores(made, rows)[:, 0]
    scale = ours.std() / expected.std()
    np.testing.assert_allclose(ours, expected * scale, atol=0.1)
    # of a text that it was fitted on, a machine is surer than it should be
    target = labels[:, None] == np.array(["x", "y", "z"])
    seen = parts.fit(features, target).scores(features)
    assert seen[target].mean() > expected[target].mean() + 0.1


def test_new_texts_are_scored_whatever_stands_beside_them():
    made = inputs.Stacked().fit(_rows())
    rows = [{"text": row["text"]} for row in _rows(30, seed=1)]
    together = _scores(made, rows)
    for row, expected in zip(rows, together, strict=True):
        np.testing.assert_allclose(_scores(made, [row])[0], expected, atol=1e-5)
    best = together.sum(axis=1).argmax(axis=1)
    labels = [row["label"] for row in _rows(30, seed=1)]
    assert np.mean(np.array(made.classes)[best] == labels) > 0.6


def test_a_saved_one_is_the_same_to_the_bit_and_another_is_refused(tmp_path):
    config = inputs.Stacked(folds=2)
    made = config.fit(_rows())
    made.save(tmp_path)
    loaded = config.load(tmp_path)
    rows = [*_rows(), *_rows(20, seed=2), {"text": ""}]
    np.testing.assert_array_equal(_scores(made, rows), _scores(loaded, rows))
    assert loaded.classes == made.classes
    with pytest.raises(errors.UserError, match="has folds=2; got folds=3"):
        dataclasses.replace(config, folds=3).load(tmp_path)
    with pytest.raises(errors.UserError, match="holds no stacking"):
        config.load(tmp_path / "none")


def test_two_classes_are_opposites_and_several_labels_are_not():
    made = inputs.Stacked().fit(_rows(classes="xy"))
    scores = _scores(made, _rows(10, classes="xy", seed=3))
    np.testing.assert_allclose(scores[..., 0], -scores[..., 1], atol=1e-6)
    several = [r | {"label": [r["label"], "x"][: i % 3]} for i, r in enumerate(_rows())]
    made = inputs.Stacked().fit(several)
    assert np.isfinite(_scores(made, several)).all()


def test_rare_classes_and_few_texts():
    rows = [*_rows(40), {"text": "once only", "label": "rare"}]
    made = inputs.Stacked().fit(rows)
    assert np.isfinite(_scores(made, rows)).all() and "rare" in made.classes
    few = _rows(4, classes="xy")
    assert np.isfinite(_scores(inputs.Stacked().fit(few), few)).all()


def test_sentence_vectors_are_a_part_and_are_saved_with_it(tmp_path):
    preset = small_preset.write(tmp_path / "bert", hidden_dim=16)  # 4 mix texts up
    texts = {"x": "a man is", "y": "eating food."}
    rows = [
        {"text": f"{texts[label]} a{' a' * (i % 3)}", "label": label}
        for i, label in enumerate("xyyx" * 10)
    ]
    config = inputs.Stacked(parts=("words", "vectors"), preset=preset, max_length=8)
    made = config.fit(rows)
    new = [{"text": "a man is a"}, {"text": "man"}, {"text": "eating food. a"}]
    scores = _scores(made, new)
    for place, part in enumerate(config.parts):
        alone = dataclasses.replace(
            config, parts=(part,), preset=preset if part == "vectors" else ""
        )
        own = _scores(alone.fit(rows), new)
        np.testing.assert_allclose(scores[:, place], own[:, 0], atol=1e-5)
    np.testing.assert_array_equal(scores[[0, 2]].argmax(axis=2), [[0, 0], [1, 1]])
    (tmp_path / "kept").mkdir()
    made.save(tmp_path / "kept")
    shutil.rmtree(preset)
    loaded = config.load(tmp_path / "kept")
    np.testing.assert_array_equal(_scores(loaded, new), scores)
    alone = inputs.Stacked(parts=("vectors",), preset=preset, max_length=8)
    assert alone.gives == {"scores"}


def test_the_cut_shares_out_the_classes():
    target = np.zeros((60, 2), bool)
    target[:12, 0], target[12:, 1] = True, True
    for others, own in parts.cut(target, 4):
        assert target[own, 0].sum() == 3 and len(others) + len(own) == 60


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"parts": ("x",)},
            "parts must be some of ngrams, words, characters, vectors. ",
        ),
        ({"parts": ()}, "Got none"),
        ({"words": (), "parts": ("words",)}, "there are no n-grams of words"),
        ({"parts": ("vectors",)}, "preset names the model of the part vectors"),
        ({"preset": "x"}, "Got preset=x, parts=ngrams,words,characters"),
        ({"folds": 1}, "folds must be at least 2"),
    ],
)
def test_mistakes_in_fields(fields, message):
    with pytest.raises(errors.UserError, match=message):
        inputs.Stacked(**fields)


def test_texts_without_labels():
    with pytest.raises(errors.UserError, match="is fitted on texts with labels"):
        inputs.Stacked().fit([{"text": "a"}])
