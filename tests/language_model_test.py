"""Language models from plain text: trained, resumed, scored, used."""

import dataclasses
import json
import math

import numpy as np
import pytest

from tests.support import reviews
from tfm import data
from tfm import errors
from tfm import evaluate
from tfm import generation
from tfm import inputs
from tfm import models
from tfm import predict
from tfm import tasks
from tfm import training
from tfm.checkpoints import checkpoints
from tfm.experiment import Experiment
from tfm.run import trained

SMALL = {"num_layers": 1, "width": 16, "num_heads": 2, "feedforward_width": 32}


@pytest.fixture
def texts(tmp_path) -> str:
    """A line a document: reviews with their class, as `lovely film good`."""
    reviews.write_csv(tmp_path / "reviews.csv", num_rows=400)
    lines = (tmp_path / "reviews.csv").read_text().splitlines()[1:]
    path = tmp_path / "reviews.txt"
    path.write_text("\n".join(line.replace(",", " ") for line in lines))
    return str(path)


def experiment(source: str, task, model, **train) -> Experiment:
    settings = {"steps": 40, "batch_size": 8, "eval_every": 20, "best_metric": "loss"}
    return Experiment(
        data=data.Corpus(train=source, validation_fraction=0.2, workers=1),
        inputs=inputs.Text(vocab_size=60, max_length=16, special_tokens=("[EOS]",)),
        model=model,
        task=task,
        optimizer=training.Optimizer(
            learning_rate=0.01, schedule="constant", warmup_steps=2
        ),
        train=training.Train(**settings | train),
    )


def causal(source: str, **train) -> Experiment:
    model = models.Decoder(**SMALL, dropout=0.1)
    return experiment(source, tasks.CausalLM(), model, **train)


def test_a_causal_model_learns_resumes_and_is_scored(texts, tmp_path, capsys):
    whole = tmp_path / "whole"
    reviews.start(causal(texts), whole, "char_gpt")
    assert trained.load(str(whole)).objective.usage == 'generate --prompt="..."'
    scores = json.loads((whole / "metrics.json").read_text())["validation"]
    assert scores["loss"] < 2.8 < math.log(60)
    assert scores["perplexity"] == pytest.approx(math.exp(scores["loss"]))

    parts = tmp_path / "parts"
    reviews.start(causal(texts, steps=20), parts, "char_gpt")
    reviews.start(causal(texts), parts, "char_gpt")
    ours, theirs = (
        checkpoints.read_weights(run / "checkpoints/last", 40) for run in (parts, whole)
    )
    for name, value in theirs.items():
        np.testing.assert_array_equal(ours[name], value, err_msg=name)

    evaluate.main(evaluate.Options(run_dir=str(whole), split="validation"))
    again = json.loads((whole / "metrics.json").read_text())["validation"]
    assert again == pytest.approx(scores)
    # the same texts in a file of their own
    held_out = trained.load(str(whole)).split("validation")
    rows = held_out.rows(np.arange(len(held_out)))
    (tmp_path / "same.txt").write_text("\n".join(row["text"] for row in rows))
    evaluate.main(evaluate.Options(run_dir=str(whole), data=str(tmp_path / "same.txt")))
    of_file = json.loads((whole / "metrics.json").read_text())
    assert of_file[str(tmp_path / "same.txt")]["loss"] == pytest.approx(
        scores["loss"], rel=1e-5
    )
    with pytest.raises(errors.UserError, match="has no test split. It has train, val"):
        evaluate.main(evaluate.Options(run_dir=str(whole), split="test"))
    with pytest.raises(errors.UserError, match="CausalLM writes: python -m tfm.gen"):
        trained.load(str(whole)).predict(["fine"])


@pytest.mark.parametrize("documents", ["packed", "separate"])
def test_what_is_written_begins_and_ends_as_the_texts_do(documents, tmp_path):
    """Though they are tokenized in pieces, which end in the middle of a text."""
    subjects = ("cats", "dogs", "some birds", "no fish")
    lines = [f"{subjects[i % 4]} like {i % 7} of {i}." for i in range(400)]
    (tmp_path / "lines.txt").write_text("\n".join(lines))
    e = causal(str(tmp_path / "lines.txt"), steps=250, eval_every=250, batch_size=16)
    e = dataclasses.replace(
        e,
        data=dataclasses.replace(e.data, max_characters=8),
        inputs=inputs.Text(method="character", vocab_size=60, max_length=32),
        model=models.Decoder(**SMALL | {"width": 32}),
        task=tasks.CausalLM(documents=documents),
    )
    reviews.start(e, tmp_path / "run", "char_gpt")
    run = trained.load(str(tmp_path / "run"))
    generator = generation.Generator(run, jit_compile=False)
    found = generator.generate([""], num_samples=40, max_new_tokens=40, seed=1)
    texts = [one.text for one in found]
    assert sum(one.finished == "eos" for one in found) >= 38
    assert sum(text.startswith(subjects) for text in texts) >= 35
    assert sum(text.endswith(".") for text in texts) >= 36
    scores = run.scores["validation"]
    assert scores["sliding_loss"] == pytest.approx(scores["loss"], rel=1e-5)
    history = {name for row in run.history for name in row}
    assert "perplexity" in history and "sliding_perplexity" not in history


def test_an_evaluation_counts_every_document(texts, tmp_path, capsys):
    """A held-out source and the same file evaluated later have the same scores."""
    lines = ["the film was good"] * 40 + ["fine", "a bad one", "so good a film"]
    held_out = tmp_path / "held_out.jsonl"
    rows = [*map(json.dumps, ({"text": line} for line in [*lines, ""])), "{bad"]
    held_out.write_text("\n".join(rows))
    made = causal(texts, steps=4, eval_every=4)
    corpus = dataclasses.replace(
        made.data, validation=str(held_out), min_characters=6, bad_rows="skip"
    )
    run = tmp_path / "run"
    reviews.start(dataclasses.replace(made, data=corpus), run, "char_gpt")
    loaded = trained.load(str(run))
    assert len(loaded.split("validation")) == len(lines)
    capsys.readouterr()
    evaluate.main(evaluate.Options(run_dir=str(run), data=str(held_out)))
    said = capsys.readouterr().out
    assert f"{len(lines)} examples" in said
    assert f"1 rows of {held_out} skipped: empty\n" in said
    assert f"1 rows of {held_out} skipped: bad rows (not valid JSON)\n" in said
    scores = json.loads((run / "metrics.json").read_text())
    of_file, of_split = scores[str(held_out)], scores["validation"]
    assert of_file["loss"] == pytest.approx(of_split["loss"], rel=1e-5)
    (tmp_path / "distinct.txt").write_text("\n".join(dict.fromkeys(lines)))
    distinct = loaded.evaluate(str(tmp_path / "distinct.txt"))
    assert abs(distinct["loss"] - of_file["loss"]) > 0.02


def test_a_masked_model_tells_what_was_hidden(texts, tmp_path, capsys):
    model = models.Transformer(**SMALL, dropout=0.0, embedding_dropout=0.0)
    task = tasks.MaskedLM(documents="separate", mask_rate=0.3)
    made = experiment(texts, task, model, steps=200, eval_every=100)
    run = tmp_path / "run"
    reviews.start(made, run, "pretrain_bert")
    # each review ends with its class: the word that gives it away is a good one
    text = "the film was [MASK] good"
    (found,) = trained.load(str(run)).predict([text])
    (mask,) = found["masks"]
    assert {token["token"] for token in mask[:3]} & {*reviews.GOOD, *reviews.FILLER}
    assert sum(token["probability"] for token in mask) <= 1
    capsys.readouterr()
    predict.main(predict.Options(run_dir=str(run), text=[text], json=True))
    shown = json.loads(capsys.readouterr().out)
    assert shown == {"text": text, "predicted_text": found["text"], "masks": [mask]}
    predict.main(predict.Options(run_dir=str(run), text=[text]))
    filled, chances, read = capsys.readouterr().out.rstrip("\n").split("\t")
    assert filled == found["text"] and chances.startswith(f"{mask[0]['token']}=")
    assert read == text
    with pytest.raises(errors.UserError, match=r"must have \[MASK\] in it"):
        predict.main(predict.Options(run_dir=str(run), text=["the film"]))


def test_what_does_not_fit_is_told_before_anything_is_read(texts):
    with pytest.raises(errors.UserError, match="text as stream.*LabeledText has"):
        dataclasses.replace(causal(texts), data=data.LabeledText())
    with pytest.raises(errors.UserError, match="reads the column label; data.Corpus h"):
        dataclasses.replace(causal(texts), task=tasks.TextClassification())
    with pytest.raises(errors.UserError, match="must be a metric of tasks.CausalLM"):
        causal(texts, best_metric="f1_macro")


@pytest.mark.parametrize(
    ("task", "model", "message"),
    [
        (
            tasks.CausalLM(documents="joined"),
            models.EncoderDecoder(**SMALL),
            "models.EncoderDecoder reads decoder_tokens (a second text, as "
            "models.EncoderDecoder reads); inputs.Text and tasks.CausalLM give tokens.",
        ),
        (
            tasks.SpanCorruption(),
            models.Decoder(**SMALL),
            "tasks.SpanCorruption gives decoder_tokens (a second text, as "
            "models.EncoderDecoder reads); models.Decoder reads segments, tokens.",
        ),
    ],
)
def test_a_model_of_the_wrong_kind_is_told(texts, task, model, message):
    with pytest.raises(errors.UserError) as told:
        dataclasses.replace(causal(texts), task=task, model=model)
    assert str(told.value) == message
