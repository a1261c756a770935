"""Published language models: trained further on plain text, and writing."""

import dataclasses
import json
import math
import random
import re
import shutil
import sys

import keras_nlp
import numpy as np
import pytest

from tests.support import reviews
from tests.support import small_preset
from tfm import data
from tfm import errors
from tfm import generation
from tfm import inputs
from tfm import models
from tfm import tasks
from tfm import training
from tfm.experiment import Experiment
from tfm.run import trained

# the last one is longer than what the run reads, but not than the published model
PROMPTS = ["the man", "an", "the house and the man"]


@pytest.fixture
def text(tmp_path) -> str:
    words = "the man hand house an eating is in food ate sat ran".split()  # noqa: SIM905
    rng = random.Random(0)
    lines = [f"{' '.join(rng.choices(words, k=8))} it ended." for _ in range(200)]
    (tmp_path / "text.txt").write_text("\n".join(lines))
    return str(tmp_path / "text.txt")


def _experiment(text: str, preset: str, task) -> Experiment:
    return Experiment(
        data=data.Corpus(train=text, validation_fraction=0.1, workers=1),
        inputs=inputs.PretrainedText(max_length=16),
        model=models.Pretrained(preset=preset, dropout=0.0),
        task=task,
        optimizer=training.Optimizer(learning_rate=0.03, schedule="constant"),
        train=training.Train(steps=60, batch_size=16, best_metric="loss"),
    )


def _written_by_the_library(run, prompt: str, num_new: int) -> list[int]:
    """What keras_nlp's own `generate` makes of the run's weights, greedily."""
    embedding = run.model.get_layer("embedding")
    library = keras_nlp.models.GPT2CausalLM(
        backbone=embedding.backbone, preprocessor=None
    )
    library.compile(sampler="greedy")
    tokenizer = run.preprocessor.tokenizer
    prompt = tokenizer.ids.theirs[tokenizer.encode_prompt(prompt)]
    ids = np.pad(prompt, (0, num_new))[None]
    mask = (np.arange(ids.shape[1]) < len(prompt))[None]
    found = library.generate(
        {"token_ids": ids, "padding_mask": mask}, stop_token_ids=None
    )
    return np.asarray(found["token_ids"])[0, len(prompt) :].tolist()


def test_a_published_decoder_learns_and_writes_as_the_library(text, tmp_path, capsys):
    preset = small_preset.gpt2(tmp_path / "gpt2", max_sequence_length=32)
    e = _experiment(text, preset, tasks.CausalLM(documents="joined"))
    reviews.start(e, tmp_path / "run", "pretrain_gpt")
    shown = capsys.readouterr().out
    assert f"weights of {preset}" in shown
    run = trained.load(str(tmp_path / "run"))
    scores = json.loads((tmp_path / "run/metrics.json").read_text())["validation"]
    assert scores["loss"] < 2.5 < math.log(run.preprocessor.tokenizer.vocab_size)
    shutil.rmtree(preset)
    generator = generation.Generator(run, jit_compile=False)
    ids = run.preprocessor.tokenizer.ids
    together = generator.generate(PROMPTS, temperature=0.0, max_new_tokens=5)
    for prompt, found in zip(PROMPTS, together, strict=True):
        made = [int(id) for id in ids.theirs[list(found.tokens)]]
        assert made == _written_by_the_library(run, prompt, 5)[: len(made)]
        assert len(made) == 5 or found.finished == "eos"


def test_a_published_encoder_learns_further_and_fills_gaps(text, tmp_path):
    preset = small_preset.write(tmp_path / "bert", max_sequence_length=16)
    e = _experiment(text, preset, tasks.MaskedLM(documents="separate"))
    reviews.start(e, tmp_path / "run", "pretrain_bert")
    run = trained.load(str(tmp_path / "run"))
    (found,) = run.predict(["a [MASK] is eating."])
    assert len(found["masks"]) == 1
    assert found["text"].endswith(" is eating.")
    with pytest.raises(errors.UserError, match="must have .MASK. in it once"):
        run.predict(["a man is [SEP] eating."])
    paths = {v.path.partition("/")[0] for v in run.model.trainable_weights}
    assert "token_embedding" in paths and "head" not in paths  # the output is tied


def test_what_reads_both_ways_cannot_learn_to_write(text, tmp_path):
    preset = small_preset.write(tmp_path / "bert", max_sequence_length=16)
    e = _experiment(text, preset, tasks.CausalLM(documents="joined"))
    with pytest.raises(errors.UserError, match="CausalLM reads causal .*Pretrained g"):
        reviews.start(e, tmp_path / "run", "pretrain_gpt")
    both_ways = [
        (models.Transformer(), "models.Transformer gives pooled, sequence."),
        (models.CNN(), "models.CNN gives pooled, sequence."),
        (models.LSTM(bidirectional=True), "models.LSTM gives pooled, sequence."),
    ]
    for model, message in both_ways:
        with pytest.raises(errors.UserError, match=f"CausalLM reads causal.*{message}"):
            dataclasses.replace(e, inputs=inputs.Text(), model=model)


def test_a_strangers_preset_imports_no_module_of_his(text, tmp_path):
    preset = small_preset.write(tmp_path / "bert", max_sequence_length=16)
    e = _experiment(text, preset, tasks.MaskedLM(documents="separate"))
    e = dataclasses.replace(e, train=dataclasses.replace(e.train, steps=1))
    reviews.start(e, tmp_path / "run", "pretrain_bert")
    refused = 0
    for path in sorted((tmp_path / "run").rglob("*.json")):
        before = path.read_text()
        named = re.findall(r'"module": "(keras[_.\w]*)"', before)
        if not named:
            continue
        path.write_text(before.replace(f'"module": "{named[0]}"', '"module": "this"'))
        try:
            trained.load(str(tmp_path / "run"))  # which does not read every file
        except errors.UserError as error:
            refused += "must name classes of keras and keras_hub alone" in str(error)
        path.write_text(before)
    assert refused == 1 and "this" not in sys.modules  # the tokenizer names no class
    trained.load(str(tmp_path / "run"))
