"""A tiny translation by the commands and from Python: numerals to words."""

import csv
import json
import pathlib
import random
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfm
from tfm import data
from tfm import errors
from tfm import generation
from tfm import inputs
from tfm import models
from tfm import predict
from tfm import tasks
from tfm import training
from tfm.experiment import Experiment
from tfm.tasks.sequences import writing

PLAIN = pathlib.Path(__file__).parent / "support" / "plain_tensorflow.py"
WORDS = ["null", "eins", "zwei", "drei", "vier", "fünf", "sechs"]


def _experiment(folder, **fields):
    return Experiment(
        data=data.ParallelText(train=str(folder / "numbers.tsv"), test_fraction=0.2),
        inputs=inputs.TextToText(
            source=inputs.Text(method="character", max_length=6),
            target=inputs.Text(method="word", max_length=6),
        ),
        model=models.EncoderDecoder(
            num_layers=1,
            width=32,
            feedforward_width=64,
            num_heads=2,
            position="learned",
            share_embedding=False,
        ),
        task=tasks.Translation(scores=("exact", "word_error"), **fields),
        optimizer=training.Optimizer(learning_rate=5e-3),
        train=training.Train(
            steps=300, batch_size=32, eval_every=300, best_metric="exact"
        ),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("translation")
    rng = random.Random(0)
    with (folder / "numbers.tsv").open("w", encoding="utf-8") as file:
        file.write("number\twords\n")
        for _ in range(400):
            digits = [rng.randrange(len(WORDS)) for _ in range(rng.randint(1, 3))]
            number = "".join(map(str, digits))
            file.write(f"{number}\t{' '.join(WORDS[digit] for digit in digits)}\n")
    return folder


@pytest.fixture(scope="module")
def run(folder):
    return tfm.fit(_experiment(folder, num_beams=2), folder / "run")


def test_it_is_learnt_and_scored_as_it_writes(run, folder):
    metrics = run.evaluate("test")
    assert metrics["exact"] > 0.9
    assert metrics["word_error"] == pytest.approx(1 - metrics["exact"])
    split = run.split("test")
    rows = split.rows(np.arange(len(split)))
    found = [one["target"] for one in run.predict([row["text"] for row in rows])]
    right = np.mean([a == row["target"] for a, row in zip(found, rows, strict=True)])
    assert right == pytest.approx(metrics["exact"])


@pytest.mark.parametrize("num_beams", [1, 3])
def test_an_evaluation_writes_what_the_generator_does(run, num_beams):
    texts = ["123", "6", "001", "54"]
    task = tasks.Translation(scores=(), num_beams=num_beams)
    objective = task.bind({}, run.preprocessor)
    step = objective.eval_step(run.model, "predict")
    batch = run.preprocessor.encode([{"text": text} for text in texts])
    tokens = keras.utils.pad_sequences(batch["tokens"], 7, padding="post")
    written = objective.texts(step({"tokens": tf.constant(tokens)})["written"].numpy())
    generator = generation.Generator(run, jit_compile=False)
    fields = {"num_beams": num_beams} if num_beams > 1 else {"temperature": 0}
    made = generator.generate(texts, max_new_tokens=7, **fields)
    assert written == [one.text.strip() for one in made]
    assert len(set(written)) == 4


@pytest.mark.slow
def test_reading_anew_writes_as_the_cache_does(run, monkeypatch):
    tokenizer = run.preprocessor.target_tokenizer
    texts = [{"text": text} for text in ("12", "345", "0")]
    tokens = keras.utils.pad_sequences(
        run.preprocessor.encode(texts)["tokens"], 7, padding="post"
    )
    found = []
    for cached in (True, False):
        if not cached:
            monkeypatch.setattr(
                writing.decoding, "of_encoder_decoder", lambda model: None
            )
        writer = writing.Writer(run.model, run.objective.logits, tokenizer)
        for beams in (1, 2):
            found.append(_written(writer, tokens, beams, jit_compile=cached))
    np.testing.assert_array_equal(found[0], found[2])
    np.testing.assert_array_equal(found[1], found[3])


def _written(writer, tokens, beams, jit_compile):
    settings = generation.Settings(max_new_tokens=7, num_beams=beams)
    write = tf.function(lambda x: writer(x, settings), jit_compile=jit_compile)
    return write(tf.constant(tokens)).numpy()


def test_a_file_is_translated_line_by_line_in_its_order(run, folder):
    lines = ["12", "", "3", "3", "65"]
    (folder / "new.txt").write_text("\n".join(lines) + "\n")
    predict.main(
        predict.Options(
            run_dir=str(folder / "run"),
            input=str(folder / "new.txt"),
            output=str(folder / "out.csv"),
        )
    )
    with (folder / "out.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["predicted_target"] for row in rows] == [
        "eins zwei",
        "",
        "drei",
        "drei",
        "sechs fünf",
    ]
    assert rows[1]["problem"] == "no text"


@pytest.mark.slow
def test_an_exported_model_writes_the_same_without_tfm(run, folder):
    texts = ["12", "", "654", "0" * 50, "x1"]
    run.export(folder / "exported")
    for signature in ("serving_default", "generate"):
        done = subprocess.run(
            [sys.executable, PLAIN, folder / "exported", signature],
            input=json.dumps([{"text": texts}, {"text": texts[:1]}]),
            capture_output=True,
            text=True,
            check=True,
        )
        found = json.loads(done.stdout)["answers"]
        expected = [one["target"] for one in run.predict(texts)]
        assert found[0]["target"] == expected
        assert found[1]["target"] == expected[:1]


def test_a_model_that_cannot_be_spelt_in_a_graph_is_refused(run):
    config = inputs.TextToText(inputs.Text(method="bpe", vocab_size=300, max_length=4))
    rows = [{"text": "a b", "target": "c d"}]
    with pytest.raises(errors.UserError, match="bpe"):
        config.fit(rows, ("[EOS]",)).raw_graph()


def test_another_file_is_scored_with_all_its_references(run, folder):
    (folder / "new.tsv").write_text(
        "number\twords\n12\tein zwei\n12\teins zwei\n3\tvier\n", "utf-8"
    )
    scored = run.score(run.read(str(folder / "new.tsv"), folder / "scratch"))
    assert scored.metrics["exact"] == 0.5  # of two texts
    (samples,) = scored.evaluation.figures.values()
    assert [row[0] for row in samples.rows] == ["12", "3"]


def test_one_table_needs_one_vocabulary(run):
    with pytest.raises(errors.UserError, match="--model.share_embedding=false"):
        specs = dict(run.objective.inputs)
        specs["tokens"] = specs["tokens"]._replace(size=99)
        models.EncoderDecoder().build(specs)
    with pytest.raises(errors.UserError, match="give inputs.TextToText"):
        tasks.Translation().reserves(inputs.Text())
