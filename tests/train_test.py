"""A run from end to end: train, resume, evaluate, predict, and what refuses to."""

import dataclasses
import json
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support import events
from tests.support import reviews
from tfm import errors
from tfm import evaluate
from tfm import inputs
from tfm import training
from tfm.checkpoints import bundle
from tfm.checkpoints import directory
from tfm.run import folder as run_folder
from tfm.run import trained


def test_it_learns_and_leaves_all_that_is_needed(run):
    scores = json.loads((run / "metrics.json").read_text())
    assert scores["test"]["accuracy"] > 0.9 and scores["validation"]["f1_macro"] > 0.9
    columns = json.loads((run / "columns.json").read_text())
    assert columns["label"]["names"] == ["bad", "good"]
    saved = json.loads((run / "config.json").read_text())
    assert saved["experiment"] == "text_cls"
    assert {path.name for path in run.iterdir()} == {
        "tfm.json",
        "config.json",
        "columns.json",
        "evaluation",
        "preprocessor",
        "data",
        "sources.json",
        "checkpoints",
        "events",
        "history.jsonl",
        "finished.json",
        "fitted.json",
        "metrics.json",
    }


@pytest.mark.filterwarnings("ignore")  # TensorFlow's reader of events is deprecated
def test_tensorboard_has_curves_histograms_texts_and_the_confusion_matrix(run):
    logged = {(step, value.tag) for step, value in events.read(run / "events/train")}
    for tag in (
        "loss/loss",
        "metrics/accuracy",
        "optimization/learning_rate",
        "optimization/gradient_norm",
        "optimization_by_layer/update_ratio/head",
        "speed/examples_per_second",
        "speed/tokens_per_second",
    ):
        assert (1, tag) in logged and (70, tag) in logged, tag
    assert any(tag.startswith("weights/") for _, tag in logged)
    values = list(events.read(run / "events/validation"))
    of_metrics = ("loss/loss", "metrics/accuracy", "metrics/roc_auc")
    assert {*of_metrics, "metrics_by_class/recall/good"} <= {
        value.tag for _, value in values
    }
    texts = [value for _, value in values if value.tag == "examples/predictions"]
    assert b"| text | true | predicted |" in texts[0].tensor.string_val[0]
    picture = [value for _, value in values if value.tag == "figures/confusion_matrix"][
        -1
    ]
    pixels = tf.io.decode_png(picture.tensor.string_val[2])
    assert pixels.shape[0] > 100 and len(np.unique(pixels)) > 10


def test_a_finished_run_is_not_trained_again(run):
    before = sorted((run / "checkpoints/last").iterdir())
    experiment = run_folder.RunFolder(run).experiment()
    assert reviews.start(experiment, run, "text_cls") == "finished"
    assert sorted((run / "checkpoints/last").iterdir()) == before


def test_evaluate_gives_the_scores_of_training(run, capsys):
    before = json.loads((run / "metrics.json").read_text())["test"]
    evaluate.main(evaluate.Options(run_dir=str(run), batch_size=7))
    after = json.loads((run / "metrics.json").read_text())["test"]
    assert after == pytest.approx(before, rel=1e-5)
    shown = capsys.readouterr().out
    assert "f1_macro" in shown and "true \\ predicted" in shown


def test_evaluate_on_a_new_file(run, tmp_path):
    path = reviews.write_csv(tmp_path / "new.csv", num_rows=50, seed=9)
    evaluate.main(evaluate.Options(run_dir=str(run), data=str(path)))
    scores = json.loads((run / "metrics.json").read_text())
    assert scores[str(path)]["accuracy"] > 0.9 and "test" in scores


def test_evaluate_refuses_an_unknown_label_with_its_line(run, tmp_path):
    path = tmp_path / "new.csv"
    path.write_text("review,stars\na dull film,bad\na film,soso\n")
    with pytest.raises(errors.UserError, match=r"new\.csv:3: .*soso"):
        evaluate.main(evaluate.Options(run_dir=str(run), data=str(path)))


def test_a_run_folder_is_used_without_its_data(run, tmp_path):
    shutil.copytree(run, tmp_path / "moved")
    shutil.rmtree(tmp_path / "moved/data")
    found = trained.load(str(tmp_path / "moved")).predict(["a superb story"])
    assert found[0]["label"] == "good"


def test_a_run_in_two_parts_ends_as_one_in_a_single_part(tmp_path):
    source = reviews.write_csv(tmp_path / "reviews.csv")

    def parts(name: str, *steps: int):
        for last in steps:
            made = reviews.experiment(source, steps=last)
            constant = training.Optimizer(schedule="constant", warmup_steps=5)
            made = dataclasses.replace(made, optimizer=constant)
            assert reviews.start(made, tmp_path / name, "text_cls") == "finished"
        return trained.load(str(tmp_path / name), "last")

    whole, cut = parts("whole", 40), parts("cut", 17, 40)
    assert whole.step == cut.step == 40
    for ours, theirs in zip(
        cut.model.get_weights(), whole.model.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_a_run_folder_of_other_settings_or_another_experiment_is_refused(run):
    experiment = run_folder.RunFolder(run).experiment()
    folder = run_folder.RunFolder(run)
    with pytest.raises(errors.UserError, match="of experiment text_cls, not tweets"):
        folder.begin("tweets", experiment, {})
    other = dataclasses.replace(
        experiment, model=dataclasses.replace(experiment.model, width=9)
    )
    with pytest.raises(errors.UserError, match="holds a run with model.width=8, not 9"):
        folder.begin("text_cls", other, {})


def test_after_a_mistake_in_the_data_the_same_folder_can_be_used(tmp_path):
    source = tmp_path / "reviews.csv"
    source.write_text("review,stars\na film,bad\n")
    with pytest.raises(errors.UserError, match="two classes"):
        reviews.start(reviews.experiment(source), tmp_path / "run", "text_cls")
    source = reviews.write_csv(tmp_path / "better.csv")
    experiment = reviews.experiment(source, epochs=1.0)
    assert reviews.start(experiment, tmp_path / "run", "text_cls") == "finished"


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("dear")
    experiment = reviews.experiment(tmp_path / "no.csv")
    with pytest.raises(errors.UserError, match="is not empty and holds no run"):
        run_folder.RunFolder(tmp_path).begin("text_cls", experiment, {})
    blocked = run_folder.RunFolder(tmp_path / "thesis.txt" / "run")
    with pytest.raises(errors.UserError, match="cannot be written: Not a directory"):
        blocked.begin("text_cls", experiment, {})


def test_three_classes_with_smoothing_balance_and_augmentation(tmp_path):
    source = reviews.write_csv(
        tmp_path / "reviews.csv", 300, classes=("bad", "good", "so-so")
    )
    experiment = reviews.experiment(source, epochs=8.0, best_metric="f1/so-so")
    experiment = dataclasses.replace(
        experiment,
        inputs=dataclasses.replace(
            experiment.inputs, augment=inputs.Augment(swap=0.1, replace=0.05)
        ),
        task=dataclasses.replace(
            experiment.task, label_smoothing=0.1, balance_classes=True
        ),
    )
    assert reviews.start(experiment, tmp_path / "run", "text_cls") == "finished"
    scores = json.loads((tmp_path / "run/metrics.json").read_text())
    assert scores["test"]["f1_macro"] > 0.9


def test_several_labels_for_a_text(tmp_path):
    path = tmp_path / "mails.jsonl"
    rng = np.random.default_rng(1)
    words = {"bill": "invoice", "sport": "match", "work": "meeting"}
    with path.open("w") as file:
        for _ in range(300):
            labels = [label for label in words if rng.random() < 0.5]
            text = [words[label] for label in labels]
            text += rng.choice(reviews.FILLER, 5).tolist()
            rng.shuffle(text)
            file.write(json.dumps({"review": " ".join(text), "stars": labels}) + "\n")
    experiment = reviews.experiment(path, epochs=10.0, best_metric="f1_macro")
    experiment = dataclasses.replace(
        experiment,
        data=dataclasses.replace(experiment.data, multi_label=True),
    )
    assert reviews.start(experiment, tmp_path / "run", "text_cls") == "finished"
    run = trained.load(str(tmp_path / "run"))
    found = run.predict(["the meeting of invoice a film", "a story of the film"])
    assert [row["label"] for row in found] == [["bill", "work"], []]
    scores = json.loads((tmp_path / "run/metrics.json").read_text())
    assert scores["test"]["f1_micro"] > 0.9


def test_bfloat16_trains_with_float32_weights(tmp_path):
    source = reviews.write_csv(tmp_path / "reviews.csv")
    experiment = reviews.experiment(source, dtype="mixed_bfloat16")
    try:
        assert reviews.start(experiment, tmp_path / "run", "text_cls") == "finished"
        run = trained.load(str(tmp_path / "run"))
        assert {weight.dtype for weight in run.model.get_weights()} == {
            np.dtype("float32")
        }
        assert run.model.get_layer("head").compute_dtype == "bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")
    scores = json.loads((tmp_path / "run/metrics.json").read_text())
    assert scores["test"]["accuracy"] > 0.9


def test_averaged_weights_are_those_that_are_scored_and_predict(tmp_path):
    source = reviews.write_csv(tmp_path / "reviews.csv")
    experiment = reviews.experiment(source, dtype="mixed_float16", steps=40)
    slow = dataclasses.replace(experiment.optimizer, ema=0.95)
    experiment = dataclasses.replace(experiment, optimizer=slow)
    try:
        assert reviews.start(experiment, tmp_path / "run", "text_cls") == "finished"
        before = json.loads((tmp_path / "run/metrics.json").read_text())["test"]
        evaluate.main(evaluate.Options(run_dir=str(tmp_path / "run")))
        after = json.loads((tmp_path / "run/metrics.json").read_text())["test"]
        assert after["loss"] == pytest.approx(before["loss"], rel=1e-3)
        last = trained.load(str(tmp_path / "run"), "last")
    finally:
        keras.config.set_dtype_policy("float32")
    opened = bundle.Bundle(directory.step_folder(tmp_path / "run/checkpoints/last", 40))
    name = min(name for name in opened.specs if name.startswith("ema/"))
    newest = next(n for n in opened.specs if n == name.replace("ema/", "weights/", 1))
    values = opened.read([name, newest])
    loaded = last.model.trainable_variables[0].numpy()
    np.testing.assert_array_equal(loaded, values[name])
    assert np.any(values[name] != values[newest])


def test_no_validation_split_and_an_unknown_label_metric_are_told(tmp_path):
    source = reviews.write_csv(tmp_path / "reviews.csv")
    experiment = reviews.experiment(source, best_metric="f1/great")
    with pytest.raises(errors.UserError, match="there is no label 'great'"):
        reviews.start(experiment, tmp_path / "run", "text_cls")
    experiment = reviews.experiment(source, best_metric="f1_micro")
    with pytest.raises(errors.UserError, match="f1_micro: where each .* Give accuracy"):
        reviews.start(experiment, tmp_path / "run1", "text_cls")
    experiment = reviews.experiment(source)
    experiment = dataclasses.replace(
        experiment, data=dataclasses.replace(experiment.data, validation_fraction=0.0)
    )
    with pytest.raises(errors.UserError, match="No text is left for validation"):
        reviews.start(experiment, tmp_path / "run2", "text_cls")
