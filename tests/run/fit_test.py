"""A run that is started again: finished, stopped early, stopped in its evaluations."""

import json
import os
import re
import signal

import numpy as np
import pytest

from tests.support import reviews
from tfm import train
from tfm.checkpoints import bundle
from tfm.checkpoints import directory
from tfm.run import scoring

SETTINGS = {"steps": 12, "eval_every": 4, "eval_batch_size": 8}  # 3 batches a split


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return reviews.write_csv(tmp_path_factory.mktemp("source") / "reviews.csv")


@pytest.fixture
def start(source, tmp_path, capsys):
    """A function that trains as the command does: its status and its lines."""

    def run(name="run", **changes) -> tuple[int, list[str]]:
        experiment = reviews.experiment(source, **SETTINGS | changes)
        options = train.Options(experiment="text_cls", run_dir=str(tmp_path / name))
        status = train.main(options, experiment, {})
        return status, capsys.readouterr().out.splitlines()

    return run


@pytest.fixture
def scored(monkeypatch):
    """A list that gets each evaluation's size, and one to signal in: (which, part)."""
    evaluations, signals = [], {}
    score = scoring.score

    def counted(evaluator, objective, preprocessor, split, size, watch, *others):
        evaluations.append(len(split))

        def watched(share):
            number = signals.pop((len(evaluations), round(share * 3)), None)
            if number:
                os.kill(os.getpid(), number)
            watch(share)

        parts = (evaluator, objective, preprocessor, split, size)
        return score(*parts, watched, *others)

    monkeypatch.setattr(scoring, "score", counted)
    return evaluations, signals


def _state(run, step: int) -> dict[str, np.ndarray]:
    opened = bundle.Bundle(directory.step_folder(run / "checkpoints/last", step))
    return {n.partition(":")[0]: v for n, v in opened.read(opened.specs).items()}


def _metrics(run) -> dict:
    return json.loads((run / "metrics.json").read_text())


def test_a_finished_run_says_so_and_shows_its_scores(start, scored, tmp_path):
    evaluations, _ = scored
    status, said = start()
    assert status == 0 and "Finished at step 12 after" in "\n".join(said)
    assert f"TensorBoard  python -m tensorboard.main --logdir={tmp_path}" in said
    scores = said[said.index("") + 1 :]
    finished = (tmp_path / "run/finished.json").stat().st_mtime_ns
    evaluations.clear()

    status, again = start()
    assert status == 0 and not evaluations
    text = "\n".join(again)
    assert "Nothing is left to train: the run finished at step 12; best at" in text
    more = f"python -m tfm.train --run_dir={tmp_path / 'run'} --train.steps=24"
    assert f"Train on with  {more}" in again
    assert again[-len(scores) :][-12:] == scores[-12:]  # the table and what to do
    assert "Resuming" not in text and "after 0.0 min" not in text
    assert (tmp_path / "run/finished.json").stat().st_mtime_ns == finished

    status, more = start(steps=16)
    assert "Finished at step 16 after" in "\n".join(more)
    assert json.loads((tmp_path / "run/finished.json").read_text())["step"] == 16


def test_epochs_are_what_to_raise_where_steps_are_not_given(start):
    start(steps=None, epochs=1.0, eval_every=None)
    _, again = start(steps=None, epochs=1.0, eval_every=None)
    assert any(line.endswith(" --train.epochs=2") for line in again)


def test_few_rows_are_trained_for_min_steps_which_is_what_to_raise(start, tmp_path):
    few = {"steps": None, "epochs": 0.5, "min_steps": 14, "eval_every": None}
    _, said = start(**few)  # 192 examples: 6 updates
    told = "Training    for 14 updates, 1 epochs, as train.min_steps=14; 0.5 epochs are"
    assert f"{told} 6 updates" in said
    assert json.loads((tmp_path / "run/finished.json").read_text())["step"] == 14
    _, again = start(**few)
    assert any(line.endswith(" --train.min_steps=28") for line in again)
    _, more = start(**few | {"min_steps": 18})
    assert "Finished at step 18 after" in "\n".join(more)
    # epochs that are longer decide again
    _, more = start(**few | {"epochs": 2.0})
    assert "Finished at step 24 after" in "\n".join(more)
    assert not any(line.startswith("Training ") for line in more)


def test_scores_that_are_lost_are_made_again(start, scored, tmp_path):
    evaluations, _ = scored
    start()
    before = _metrics(tmp_path / "run")
    (tmp_path / "run/metrics.json").unlink()
    evaluations.clear()
    assert start()[0] == 0
    assert evaluations == [24, 24] and _metrics(tmp_path / "run") == before


def test_a_run_that_stopped_early_names_patience_and_the_way_on(start, tmp_path):
    early = {"steps": 60, "eval_every": 1, "patience": 1, "best_metric": "roc_auc"}
    _, said = start(**early)
    reached = json.loads((tmp_path / "run/finished.json").read_text())["step"]
    assert reached < 60
    why = (
        "as evaluations in a row without an improvement reached train.patience=1; "
        "best at step"
    )
    on = f"python -m tfm.train --run_dir={tmp_path / 'run'} --train.patience=2"
    on = f"Train on with  {on}  (or none: never stop early)"
    assert re.search(
        f"Stopped early at step {reached} after .* min, {why}", "\n".join(said)
    )
    assert on in said

    _, again = start(**early | {"steps": 90})
    start_of_it = f"Nothing is left to train: the run stopped early at step {reached}"
    assert f"{start_of_it}, {why}" in "\n".join(again)
    assert on in again
    _, more = start(**early | {"steps": reached + 2, "patience": None})
    assert f"Finished at step {reached + 2} after" in "\n".join(more)


@pytest.mark.parametrize(
    ("number", "status", "word", "evaluation"),
    [
        (signal.SIGINT, 130, "Interrupted", 1),
        pytest.param(signal.SIGTERM, 42, "Terminated", 2, marks=pytest.mark.slow),
        # the last, after the last step
        pytest.param(signal.SIGINT, 130, "Interrupted", 3, marks=pytest.mark.slow),
    ],
)
def test_stopped_in_a_validation_it_goes_on_to_the_bit(
    start, scored, tmp_path, number, status, word, evaluation
):
    evaluations, signals = scored
    signals[evaluation, 1] = number
    step = 4 * evaluation
    found, said = start()
    assert found == status and len(evaluations) == evaluation
    assert said[-2:] == [
        f"{word} at step {step}; all is saved. Going on begins with its validation.",
        f"Go on with  python -m tfm.train --run_dir={tmp_path / 'run'}",
    ]
    assert start()[0] == 0
    assert start("whole")[0] == 0
    assert _metrics(tmp_path / "run") == _metrics(tmp_path / "whole")
    ours, theirs = (_state(tmp_path / name, 12) for name in ("run", "whole"))
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        np.testing.assert_array_equal(ours[name], value, err_msg=name)


@pytest.mark.parametrize(
    ("number", "status", "word", "evaluation", "part"),
    [
        (signal.SIGINT, 130, "Interrupted", 4, 0),  # of the validation split
        (signal.SIGTERM, 42, "Terminated", 5, 2),  # of the test split
    ],
)
def test_stopped_in_the_final_evaluation_it_is_made_when_started_again(
    start, scored, tmp_path, number, status, word, evaluation, part
):
    evaluations, signals = scored
    signals[evaluation, part] = number
    found, said = start()
    assert found == status and len(evaluations) == evaluation
    assert said[-2:] == [
        f"{word}; all is saved but the final scores.",
        f"Go on with  python -m tfm.train --run_dir={tmp_path / 'run'}",
    ]
    assert not (tmp_path / "run/finished.json").exists()
    evaluations.clear()
    status, said = start()
    assert status == 0 and evaluations == [24, 24]
    assert set(_metrics(tmp_path / "run")) >= {"validation", "test", "reference"}
    assert (tmp_path / "run/finished.json").exists()


def test_a_signal_after_the_last_validation_is_not_lost(start, scored, monkeypatch):
    evaluations, _ = scored
    evaluation = scoring.Scored.metrics.fget

    def late(self):
        if len(evaluations) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return evaluation(self)

    monkeypatch.setattr(scoring.Scored, "metrics", property(late))
    status, said = start()
    assert status == 42 and len(evaluations) == 3
    assert said[-2] == (
        "Terminated at step 12; all is saved. The training is finished; going on "
        "makes the final scores."
    )
    assert start()[0] == 0
