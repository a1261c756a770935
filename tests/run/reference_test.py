"""The reference: what a linear SVM over TF-IDF reaches on the same splits."""

import json
import random

import numpy as np
import pytest
from sklearn import feature_extraction
from sklearn import svm

import tfm
from tests.support import reviews
from tfm import inputs
from tfm.data.columns import categories
from tfm.data.columns import category
from tfm.run import reference

WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"]


class Split:
    """Rows in memory, as a split has them."""

    def __init__(self, pairs):
        self.pairs = list(pairs)

    def __len__(self):
        return len(self.pairs)

    def rows(self, indices):
        chosen = (self.pairs[i] for i in indices)
        return [{"text": text, "label": label} for text, label in chosen]


def _pairs(count, seed, noise=0.2):
    rng = random.Random(seed)
    pairs = []
    for _ in range(count):
        label = rng.choice(["x", "y", "z"])
        told = WORDS[ord(label) - ord("x")] if rng.random() > noise else "nothing"
        text = " ".join([*rng.choices(WORDS, k=4), told, told, told])
        pairs.append((text, label))
    return pairs


def _splits():
    sizes = {"train": 300, "validation": 80, "test": 80}
    return {n: Split(_pairs(size, i)) for i, (n, size) in enumerate(sizes.items())}


COLUMNS = {"label": category.Category(("x", "y", "z"))}


def test_it_is_what_scikit_learn_gives():
    splits = _splits()
    found = reference.scores(splits, COLUMNS, inputs.Text(), 100)
    words = feature_extraction.text.TfidfVectorizer(
        ngram_range=(1, 2), sublinear_tf=True
    )
    texts, labels = zip(*splits["train"].pairs, strict=True)
    plain = svm.LinearSVC(random_state=0).fit(words.fit_transform(texts), labels)
    for name in ("validation", "test"):
        texts, labels = zip(*splits[name].pairs, strict=True)
        expected = plain.score(words.transform(texts), labels)
        assert found.metrics[name]["accuracy"] == pytest.approx(expected, abs=0.04)
        assert 0.6 < found.metrics[name]["f1_macro"] < 1
    assert not found.note
    again = reference.scores(splits, COLUMNS, inputs.Text(), 100)
    assert again == found


def test_several_labels_a_text():
    pairs = [(f"{a} {b}", [a, b]) for a in WORDS for b in WORDS if a < b] * 4
    splits = {"train": Split(pairs), "test": Split(pairs[:10])}
    columns = {"label": categories.Categories(tuple(WORDS))}
    found = reference.scores(splits, columns, inputs.Text(), 100)
    assert found.metrics["test"]["accuracy"] == 1.0


def test_a_sample_has_all_classes_in_their_shares(monkeypatch):
    monkeypatch.setattr(reference, "_FEWEST", 0)
    monkeypatch.setattr(reference, "_RATE", 1000)
    pairs = [
        (f"text number {i}", "rare" if i % 100 == 0 else "often") for i in range(2000)
    ]
    splits = {"train": Split(pairs), "test": Split(pairs[:200])}
    columns = {"label": category.Category(("often", "rare"))}
    read = reference._Reader(["text"], "label", False)
    rows = read.sample(splits["train"], 4000)
    size = sum(len(pairs[row][0]) for row in rows)
    assert 3900 < size <= 4000
    assert sum(pairs[row][1] == "rare" for row in rows) == round(len(rows) / 100)
    found = reference.scores(splits, columns, inputs.Text(), 4)
    assert found.note == f"fitted on {len(rows):,} of 2,000 texts, to save time"


def test_scripts_without_spaces_have_characters_alone():
    rng = np.random.default_rng(0)
    good, bad = "\u597d\u770b", "\u65e0\u804a"
    pairs = []
    for _ in range(200):
        filler = "".join(chr(0x4E00 + c) for c in rng.integers(0, 500, 20))
        label = rng.choice(["good", "bad"])
        pairs.append(
            (filler[:10] + (good if label == "good" else bad) + filler[10:], label)
        )
    splits = {"train": Split(pairs[:150]), "test": Split(pairs[150:])}
    columns = {"label": category.Category(("bad", "good"))}
    found = reference.scores(splits, columns, inputs.Text(), 100)
    assert found.metrics["test"]["accuracy"] > 0.9


def test_other_kinds_have_none():
    assert reference.scores(_splits(), {}, inputs.Text(), 1) is None
    two = COLUMNS | {"other": COLUMNS["label"]}
    assert reference.scores(_splits(), two, inputs.Text(), 1) is None


def test_where_it_wins_the_last_lines_say_so():
    scores = {
        "test": {"accuracy": 0.8, "f1_macro": 0.7},
        "reference": {"accuracy": 0.9, "f1_macro": 0.6},
    }
    first, *rest = reference.compared(scores, "accuracy")
    assert first.endswith("is better: accuracy 0.9000, this model 0.8000")
    assert "auto stacks linear" in rest[0] and "models.Together" in rest[1]
    assert reference.compared(scores, "f1_macro") == []
    assert reference.compared({"test": {"accuracy": 0.8}}, "accuracy") == []


def test_a_run_has_its_scores_everywhere(tmp_path, capsys):
    source = reviews.write_csv(tmp_path / "reviews.csv")
    experiment = reviews.experiment(source, steps=8)
    run = tfm.fit(experiment, tmp_path / "run")
    assert run.scores["reference"].keys() == {"accuracy", "f1_macro"}
    assert run.scores["reference"]["accuracy"] > 0.9
    shown = capsys.readouterr().out
    assert "reference" in shown or "Reference" in shown
    saved = json.loads((tmp_path / "run/metrics.json").read_text())
    assert saved["reference_validation"]["accuracy"] > 0.9
    assert list((tmp_path / "run/events/reference").glob("events*"))
    off = tfm.fit(experiment, tmp_path / "off", reference=False)
    assert off.scores.keys() == {"validation", "test"}
