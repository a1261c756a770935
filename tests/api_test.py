"""Training from Python: the same run as the command line's, and nothing left behind."""

import json
import os
import pathlib
import random
import subprocess
import sys
import threading

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfm
from tests.support import reviews
from tfm import data
from tfm import errors

ROOT = pathlib.Path(__file__).parents[1]


@pytest.fixture
def experiment(tmp_path):
    source = reviews.write_csv(tmp_path / "reviews.csv", 80)
    return reviews.experiment(source, steps=8, eval_every=4, batch_size=8)


@pytest.mark.parametrize(
    "strategy", ["one", pytest.param("mirrored", marks=pytest.mark.slow)]
)
def test_the_script_of_a_users_own(strategy, tmp_path):
    script = ROOT / "tests/support/api_script.py"
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "run"), strategy],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.endswith("all is well\n")


def test_the_folder_is_the_command_lines(experiment, run, tmp_path, capsys):
    found = tfm.fit(experiment, tmp_path / "run")
    ours = {path.name for path in (tmp_path / "run").iterdir()}
    assert ours == {path.name for path in run.iterdir()}
    assert found.scores.keys() >= {"validation", "test", "reference"}
    capsys.readouterr()
    again = tfm.fit(experiment, tmp_path / "run")
    assert "finished" in capsys.readouterr().out.lower()
    assert again.step == found.step
    for ours, theirs in zip(again.model.weights, found.model.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_globals_are_as_before_and_a_thread_can_train(experiment, tmp_path):
    def draws():
        return random.random(), np.random.random(), float(tf.random.uniform([]))

    def seed():
        random.seed(5)
        np.random.seed(6)
        tf.random.set_seed(7)

    seed()
    expected = draws()
    seed()
    policy = keras.config.dtype_policy()
    found = []
    half = reviews.experiment(experiment.data.train, steps=2, dtype="mixed_bfloat16")

    def train(name, made):
        found.append(tfm.fit(made, tmp_path / name))

    threads = [
        threading.Thread(target=train, args=(name, made))
        for name, made in (("a", experiment), ("b", half))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert keras.config.dtype_policy() == policy
    assert draws() == expected


def test_auto_chooses_when_it_is_loaded(experiment, capsys):
    made = tfm.load_experiment(
        "auto", **{"data.train": experiment.data.train, "train.seed": 3}
    )
    assert "Chosen      models.Stacked" in capsys.readouterr().out
    assert (made.data.text, made.data.label) == ("review", "stars")
    assert (made.train.seed, made.train.best_metric) == (3, "loss")


def test_an_experiment_by_name_with_other_values():
    made = tfm.load_experiment("text_cls", **{"train.steps": 100, "model.width": "16"})
    assert (made.train.steps, made.model.width) == (100, 16)
    with pytest.raises(errors.UserError, match="There is no field train.stepz"):
        tfm.load_experiment("text_cls", **{"train.stepz": 1})
    with pytest.raises(AttributeError, match="no attribute 'fits'"):
        tfm.fits  # noqa: B018


def test_predict_takes_one_many_and_a_stream(run):
    loaded = tfm.load(run)
    texts = ["a superb film", "a dull film", "a lovely story"]
    many = loaded.predict(texts)
    assert loaded.predict(texts[0]) == loaded.predict([texts[0]])
    assert loaded.predict({"text": texts[1]})[0]["label"] == many[1]["label"]

    def endless():
        while True:
            yield from texts

    stream = loaded.predict(endless(), batch_size=2)
    labels = [next(stream)["label"] for _ in range(7)]
    assert labels == [row["label"] for row in (many * 3)[:7]]
    with pytest.raises(errors.UserError, match="run_dir must be a path. Got None"):
        tfm.load(None)


def test_rows_of_every_kind_are_the_same_source(tmp_path):
    import pandas
    import pyarrow

    rows = [{"text": "a", "label": 1}, {"text": "b\u00e9", "label": 0}]
    expected = data.Rows(rows)
    assert pathlib.Path(expected).is_file()
    for same in (
        (row for row in rows),
        pyarrow.Table.from_pylist(rows),
        tf.data.Dataset.from_generator(
            lambda: iter(rows),
            output_signature={
                "text": tf.TensorSpec((), tf.string),
                "label": tf.TensorSpec((), tf.int64),
            },
        ),
        tf.data.Dataset.from_tensor_slices((["a", "b\u00e9"], [1, 0])),
    ):
        assert _content(data.Rows(same)) == rows
    assert _content(data.Rows(pandas.DataFrame(rows))) == rows
    assert data.Rows(list(rows)) == expected  # named by its content
    for wrong, message in (
        ("text.csv", "Got str"),
        ([], "Got none"),
        ([("a", "b", "c")], "Got tuple"),
        ([{"text": "a"}, {"text": 3}], "values of one type"),
    ):
        with pytest.raises(errors.UserError, match=message):
            data.Rows(wrong)


@pytest.mark.slow  # needs .ci/requirements.txt
def test_rows_of_hugging_face_datasets_have_their_labels_names():
    import datasets

    rows = [{"text": f"{word} film", "label": label} for label, word in enumerate("ab")]
    rows.append({"text": "unlabelled", "label": -1})
    features = datasets.Features(
        {
            "text": datasets.Value("string"),
            "label": datasets.ClassLabel(names=["bad", "good"]),
        }
    )
    whole = datasets.Dataset.from_list(rows, features)
    expected = [
        {"text": "a film", "label": "bad"},
        {"text": "b film", "label": "good"},
        {"text": "unlabelled", "label": None},
    ]
    assert _content(data.Rows(whole)) == expected
    assert _content(data.Rows(whole.to_iterable_dataset())) == expected
    assert _content(data.Rows(whole.select([1, 0]))) == expected[1::-1]
    with pytest.raises(errors.UserError, match="holds the splits train, test"):
        data.Rows(datasets.DatasetDict(train=whole, test=whole))


def _content(path: str) -> list[dict]:
    import pyarrow.parquet

    return pyarrow.parquet.read_table(path).to_pylist()


def test_the_configuration_of_rows_is_a_path(tmp_path):
    source = data.Rows([{"text": f"t {i}", "label": i % 2} for i in range(20)])
    made = data.LabeledText(train=source)
    assert json.loads(json.dumps(made.train)) == str(source)
