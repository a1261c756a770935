"""A loss that asks another run's model: knowledge distillation, written by a user."""

import dataclasses
import json
import pathlib

import numpy as np
import pytest
from keras import ops

from tests.support import reviews
from tfm import errors
from tfm import models
from tfm import tasks
from tfm.checkpoints import checkpoints
from tfm.run import fit
from tfm.run import folder as run_folder
from tfm.run import trained
from tfm.tasks.classification import objective


class Distillation(objective.ClassificationObjective):
    """Cross-entropy with the teacher's probabilities in place of the labels."""

    frozen: dict

    def hold(self, models):
        self.teacher = models["teacher"]

    def loss(self, logits_BC, batch):
        _, weights_B, sums = super().loss(logits_BC, batch)
        target_BC = ops.softmax(self.teacher(batch))
        losses_B = -ops.sum(target_BC * ops.log_softmax(logits_BC), axis=1)
        return losses_B, weights_B, sums


@dataclasses.dataclass(frozen=True)
class Distilled(tasks.TextClassification):
    """Text classification learnt from another run's answers."""

    teacher: str = ""

    def bind(self, columns, preprocessor):
        found = Distillation(columns["label"], preprocessor)
        found.frozen = {"teacher": self.teacher}
        return found


@pytest.fixture(scope="module")
def experiment(run, tmp_path_factory):
    """Learns from the base run, whose labels it is given turned round."""
    source = tmp_path_factory.mktemp("turned") / "reviews.csv"
    reviews.write_csv(source)
    text = source.read_text()
    turned = text.replace(",good\n", ",?\n").replace(",bad\n", ",good\n")
    source.write_text(turned.replace(",?\n", ",bad\n"))
    return dataclasses.replace(
        reviews.experiment(source, steps=60, checkpoint_every=20),
        model=models.CNN(8, 8, kernel_widths=(2,)),
        task=Distilled(teacher=str(run)),
    )


def _fit(experiment, path: pathlib.Path) -> str:
    folder = run_folder.RunFolder(path)
    folder.begin("text_cls", experiment, {})
    return fit.fit(experiment, folder).name


def test_the_student_learns_what_the_teacher_says(experiment, tmp_path, capsys):
    path = tmp_path / "run"
    assert _fit(experiment, path) == "finished"
    teacher = experiment.task.teacher
    assert f"Frozen      teacher: {teacher}, step " in capsys.readouterr().out
    kept = json.loads((path / "frozen.json").read_text())
    assert kept["teacher"]["run"] == teacher and len(kept["teacher"]["sha256"]) == 64
    # against the labels it was given, as the teacher, which never saw them so
    scores = json.loads((path / "metrics.json").read_text())
    assert scores["test"]["accuracy"] < 0.1
    weights = checkpoints.read_weights(path / "checkpoints/last", 60)
    assert not any("lstm" in name for name in weights)  # the teacher's are not there
    # predicting needs no teacher
    moved = dataclasses.replace(experiment.task, teacher=str(tmp_path / "gone"))
    body = json.loads((path / "config.json").read_text())
    body["config"]["task"]["teacher"] = moved.teacher
    (path / "config.json").write_text(json.dumps(body))
    found = trained.load(str(path)).predict(["a superb film", "a dull film"])
    assert [row["label"] for row in found] == ["good", "bad"]


@pytest.mark.slow
def test_it_resumes_with_the_same_teacher_alone(experiment, run, tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    fixed = dataclasses.replace(
        experiment.optimizer, warmup_steps=5, schedule="constant"
    )
    longer = dataclasses.replace(experiment, optimizer=fixed)
    shorter = dataclasses.replace(
        longer, train=dataclasses.replace(longer.train, steps=30)
    )
    _fit(longer, whole)
    _fit(shorter, cut)
    _fit(longer, cut)
    found, expected = (
        checkpoints.read_weights(path / "checkpoints/last", 60) for path in (cut, whole)
    )
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, name)
    kept = json.loads((cut / "frozen.json").read_text())
    kept["teacher"]["sha256"] = "0" * 64  # as if it had been trained on
    (cut / "frozen.json").write_text(json.dumps(kept))
    more = dataclasses.replace(
        longer, train=dataclasses.replace(longer.train, steps=70)
    )
    with pytest.raises(errors.UserError) as told:
        _fit(more, cut)
    step = kept["teacher"]["step"]
    assert str(told.value) == (
        f"This run began with the teacher of step {step} of {run}. The best of {run} "
        f"has other weights now, of step {step}: put those back, or begin a new run."
    )


def test_a_teacher_that_is_not_there_or_reads_other_inputs(experiment, run, tmp_path):
    task = dataclasses.replace(experiment.task, teacher=str(tmp_path / "none"))
    with pytest.raises(
        errors.UserError, match="The teacher cannot be loaded: There is"
    ):
        _fit(dataclasses.replace(experiment, task=task), tmp_path / "a")
    other = dataclasses.replace(experiment.inputs, vocab_size=30)
    with pytest.raises(errors.UserError, match="reads other inputs: its preprocessor"):
        _fit(dataclasses.replace(experiment, inputs=other), tmp_path / "b")
