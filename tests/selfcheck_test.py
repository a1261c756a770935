"""tfm.selfcheck finds the same where it is, and a fault in each precision."""

import pathlib
import re
import subprocess
import sys

import pytest

from tests.support import reviews

ROOT = pathlib.Path(__file__).parents[1]
EXPERIMENT = '''
import dataclasses

import keras

from tests.support import reviews
from tfm import models, tasks, training
from tfm.training.train_steps import mean_loss


class HalfStep(mean_loss.MeanLossStep):
    """Of several parts of a batch only the first counts."""

    def _of_shard(self, rows, shard, scale):
        gradients, *more = super()._of_shard(rows, shard, scale)
        counts = keras.ops.cast(shard.number == 0, "float32")
        return [gradient * counts for gradient in gradients], *more


@dataclasses.dataclass(frozen=True)
class Half:
    def build(self, components):
        return HalfStep(components)


@dataclasses.dataclass(frozen=True)
class Task(tasks.TextClassification):
    train_steps = ("Half", "MeanLoss", "EMATeacher", "SharpnessAware")


@dataclasses.dataclass(frozen=True)
class Normalized(models.CNN):
    def build(self, specs):
        built = super().build(specs)
        pooled = keras.layers.BatchNormalization()(built.output["pooled"])
        return keras.Model(built.input, {"pooled": pooled})


def experiment():
    made = reviews.experiment(SOURCE, steps=4, batch_size=16)
    return dataclasses.replace(made, model=MODEL, task=Task(), train_step=STEP)
'''
CNN = "models.CNN(8, 8, kernel_widths=(2,))"
TEACHER = "training.EMATeacher(decay=0.8, step=training.SharpnessAware())"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dtype", "step", "model", "verdicts"),
    [
        ("float32", "Half()", CNN, ["ok", "DIFFERENT", "DIFFERENT"]),
        ("mixed_bfloat16", "Half()", CNN, ["ok", "DIFFERENT", "DIFFERENT"]),
        ("mixed_float16", "Half()", CNN, ["ok", "DIFFERENT", "DIFFERENT"]),
        ("mixed_float16", "training.MeanLoss()", CNN, ["ok"] * 3),
        ("mixed_bfloat16", TEACHER, CNN, ["ok"] * 5),
        (
            "float32",
            "training.MeanLoss()",
            CNN.replace("models.CNN", "Normalized"),
            ["ok", "exempt", "exempt"],
        ),
    ],
)
def test_what_is_the_same_is_found_so(dtype, step, model, verdicts, tmp_path):
    source = reviews.write_csv(tmp_path / "reviews.csv", 120)
    text = EXPERIMENT.replace("SOURCE", repr(str(source)))
    text = text.replace("=MODEL", f"={model}").replace("=STEP", f"={step}")
    (tmp_path / "own.py").write_text(text)
    command = [sys.executable, "-m", "tfm.selfcheck", "--steps=4"]
    command += [f"--experiment={tmp_path / 'own.py'}", f"--train.dtype={dtype}"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == int("DIFFERENT" in verdicts), done.stderr
    assert re.findall(r"\b(ok|DIFFERENT|exempt)\b", done.stdout) == verdicts
    assert "0.00e+00  0.00e+00  ok" in done.stdout  # killed and resumed: to the bit
    if len(verdicts) > 3:
        assert "two replicas = one device, what the step keeps" in done.stdout
