"""Runs whose embeddings begin with pretrained word vectors."""

import dataclasses
import json

import numpy as np
import pytest

from tests.support import reviews
from tfm import data
from tfm import errors
from tfm import inputs
from tfm import models
from tfm import tasks
from tfm import training
from tfm.adaptation import Adapt
from tfm.run import assembly
from tfm.run import folder as run_folder
from tfm.run import look
from tfm.run import trained
from tfm.run import word_vectors

WIDTH = 8
STILL = training.Optimizer(learning_rate=1e-9)


def write_vectors(path, words=(*reviews.GOOD, *reviews.BAD, "the", "film")):
    """A GloVe file of these words, and the vectors by word."""
    rng = np.random.default_rng(0)
    vectors = {word: rng.normal(0, 0.5, WIDTH).astype(np.float32) for word in words}
    lines = [" ".join([w, *map(repr, v.tolist())]) for w, v in vectors.items()]
    path.write_text("\n".join(lines) + "\n")
    return vectors


@pytest.fixture
def files(tmp_path):
    source = reviews.write_csv(tmp_path / "reviews.csv")
    vectors = write_vectors(tmp_path / "glove.8d.txt")
    return source, tmp_path / "glove.8d.txt", vectors


def _experiment(source, file, freeze=(), **train):
    e = reviews.experiment(source, **{"steps": 2} | train)
    adapt = Adapt(word_vectors=str(file), freeze=freeze)
    return dataclasses.replace(e, adapt=adapt, optimizer=STILL)


def _table(run) -> dict[str, np.ndarray]:
    """The rows of the trained run's embeddings, by token."""
    loaded = trained.load(str(run), "last")
    table = loaded.model.get_layer("embedding").table.numpy()
    return dict(zip(loaded.preprocessor.tokenizer.vocabulary, table, strict=True))


def _begun(e, path) -> tuple[dict[str, np.ndarray], list[str]]:
    """The rows that training would begin with, by token, and what is said of them."""
    folder = run_folder.RunFolder(path)
    folder.begin("text_cls", e, {})
    prepared = assembly.prepare(e, folder)
    model = assembly.build_model(e, prepared.objective)
    lines = word_vectors.load(model, prepared.preprocessor, e, folder)
    table = model.get_layer("embedding").table.numpy()
    vocabulary = prepared.preprocessor.tokenizer.vocabulary
    return dict(zip(vocabulary, table, strict=True)), lines


def test_a_run_begins_with_them_and_needs_the_file_no_more(files, tmp_path, capsys):
    source, file, vectors = files
    e = _experiment(source, file)
    reviews.start(e, tmp_path / "run", "text_cls")
    out = capsys.readouterr().out
    assert "Embeddings  10 word vectors of glove.8d.txt (56% of the vocabulary, " in out
    assert "% of the training texts' tokens); the rest random, standard devi" in out
    rows = _table(tmp_path / "run")
    for word, vector in vectors.items():
        np.testing.assert_allclose(rows[word], vector, atol=1e-6)
    assert np.abs(rows["[PAD]"]).max() <= 0.05  # as the layer drew it
    others = np.stack([rows[w] for w in rows if w not in {*vectors, "[PAD]"}])
    spread = np.stack([*vectors.values()]).std()
    assert others.std() == pytest.approx(spread, rel=0.3)
    about = json.loads((tmp_path / "run/vectors.json").read_text())
    assert about["path"] == str(file) and len(about["sha256"]) == 64
    file.unlink()
    (tmp_path / "run/data/word_vectors.npz").unlink()
    longer = dataclasses.replace(e, train=dataclasses.replace(e.train, steps=4))
    look.at(longer, run_folder.RunFolder(tmp_path / "run"))
    reviews.start(longer, tmp_path / "run", "text_cls")
    out = capsys.readouterr().out
    assert "Restored    step 2 of 4" in out and "Embeddings" not in out
    np.testing.assert_allclose(_table(tmp_path / "run")["film"], vectors["film"], 1e-5)


def test_frozen_they_stay_and_trained_they_learn(files, tmp_path):
    source, file, vectors = files
    moved = {}
    for freeze in ((), ("embedding",)):
        e = _experiment(source, file, freeze=freeze, steps=5)
        e = dataclasses.replace(e, optimizer=training.Optimizer(learning_rate=0.1))
        run = tmp_path / f"run{len(freeze)}"
        reviews.start(e, run, "text_cls")
        rows = _table(run)
        moved[freeze] = max(np.abs(rows[w] - v).max() for w, v in vectors.items())
    assert moved[("embedding",)] == 0 and moved[()] > 0.05


def test_a_cased_vocabulary_finds_words_in_lower_case(files, tmp_path):
    _, file, vectors = files
    with file.open("a") as lines:
        lines.write("Film " + " ".join(["7"] * WIDTH) + "\n")
    source = tmp_path / "cased.csv"
    rows = ["Film THE unseen film,good", "film Unseen THE Film,bad"] * 20
    lines = [row.replace(",", f" {i},") for i, row in enumerate(rows)]
    source.write_text("\n".join(["review,stars", *lines]) + "\n")
    e = _experiment(source, file)
    cased = dataclasses.replace(e.inputs, lowercase=False)
    found, _ = _begun(dataclasses.replace(e, inputs=cased), tmp_path / "run")
    np.testing.assert_allclose(found["Film"], np.full(WIDTH, 7), rtol=1e-6)
    np.testing.assert_allclose(found["film"], vectors["film"], atol=1e-6)
    np.testing.assert_allclose(found["THE"], vectors["the"], atol=1e-6)


def test_every_process_takes_what_was_kept(files, tmp_path):
    """The others of a job, and a second start, read no file."""
    source, file, vectors = files
    e = _experiment(source, file)
    first, _ = _begun(e, tmp_path / "run")
    folder = run_folder.RunFolder(tmp_path / "run")
    file.unlink()
    prepared = assembly.prepare(e, folder)
    model = assembly.build_model(e, prepared.objective)
    word_vectors.load(model, prepared.preprocessor, e, folder)
    second = model.get_layer("embedding").table.numpy()
    np.testing.assert_array_equal(np.stack([*first.values()])[1:], second[1:])
    np.testing.assert_array_equal(first["film"], vectors["film"])


def test_few_words_and_lines_without_numbers_are_told(files, tmp_path):
    source, file, _ = files
    write_vectors(file, ("film", "unseen", "words", "of", "others"))
    with file.open("a") as lines:
        lines.write("the 1 2\n")
    _, (first, skipped, warning) = _begun(_experiment(source, file), tmp_path / "run")
    start = "Embeddings  2 word vectors of glove.8d.txt (11% of the vocabulary, "
    assert first.startswith(start)
    assert skipped == "  skipped   1 with fewer than 8 numbers"
    start = "  warning   under 50% have a vector: is glove.8d.txt of this language"
    assert warning.startswith(start)


def test_a_file_without_a_word_of_the_vocabulary_is_refused(files, tmp_path):
    source, file, _ = files
    write_vectors(file, ("Unseen", "words"))
    rule = "glove.8d.txt has a vector for no token of the vocabulary, such as '"
    with pytest.raises(errors.UserError, match=rule):
        _begun(_experiment(source, file), tmp_path / "run")


MISFITS = {
    "width": (
        lambda e: dataclasses.replace(e, model=models.LSTM(embedding_width=9)),
        "word_vectors have 8 numbers a word, model.embedding_width is 9. "
        "Set --model.embedding_width=8.",
    ),
    "width of a Transformer": (
        lambda e: dataclasses.replace(e, model=models.Transformer(width=64)),
        "model.width is 64. Set --model.width=8.",
    ),
    "inputs": (
        lambda e: dataclasses.replace(
            e, inputs=inputs.Ngrams(), model=models.NgramBag()
        ),
        "need inputs and a model of tokens, such as inputs.Text and models.LSTM. "
        "Got inputs.Ngrams, models.NgramBag.",
    ),
    "published": (
        lambda e: dataclasses.replace(e, model=models.Pretrained(preset="bert_tiny")),
        "A published model has embeddings of its own.",
    ),
}


@pytest.mark.parametrize("name", MISFITS)
def test_what_does_not_fit_is_told_ahead(files, name):
    change, rule = MISFITS[name]
    source, file, _ = files
    e = change(_experiment(source, file))
    with pytest.raises(errors.UserError) as raised:
        look.at(e)
    assert rule in str(raised.value)


def test_a_language_model_begins_with_them_too(files, tmp_path):
    """Of a corpus the documents of the token store are counted."""
    _, file, vectors = files
    text = tmp_path / "corpus.txt"
    text.write_text("\n".join(f"the film {w} of {i}" for i in range(40) for w in "abc"))
    special = inputs.Text(vocab_size=60, max_length=12, special_tokens=("[EOS]",))
    e = dataclasses.replace(
        _experiment(tmp_path / "none.csv", file),
        data=data.Corpus(train=str(text), validation_fraction=0.2),
        inputs=special,
        task=tasks.CausalLM(tied=True, documents="joined"),
        train=training.Train(steps=1, batch_size=4, best_metric="loss"),
    )
    rows, lines = _begun(e, tmp_path / "run")
    assert "Embeddings  2 word vectors of glove.8d.txt" in lines[0]
    about = json.loads((tmp_path / "run/vectors.json").read_text())
    assert about["matched"] == 2 and 0.3 < about["of_texts"] < 0.5
    np.testing.assert_array_equal(rows["film"], vectors["film"])
