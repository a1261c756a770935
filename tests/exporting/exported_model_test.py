"""Exported models answer as predict does, in a process that cannot import tfm."""

import contextlib
import dataclasses
import io
import json
import pathlib
import subprocess
import sys
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.tools import saved_model_utils as loader

from tests.support import small_preset
from tests.support import small_runs
from tfm import adaptation
from tfm import data
from tfm import errors
from tfm import experiment as experiments
from tfm import export
from tfm import exporting
from tfm import generation
from tfm import inputs
from tfm import interfaces
from tfm import models
from tfm import tasks
from tfm import training
from tfm.data.columns import categories
from tfm.data.columns import category
from tfm.exporting import exported
from tfm.run import assembly
from tfm.run import trained
from tfm.training import evaluation

SCRIPT = pathlib.Path(__file__).parents[1] / "support" / "plain_tensorflow.py"
LONG = ["superb " * 14_000 + "end", "x" * 100_000]
WORDS = "the film was a superb story of two awful friends and their dull".split()  # noqa: SIM905
TEXTS = [" ".join(WORDS[i % 7 : i % 7 + 1 + i % 9]) for i in range(96)] + ["", *LONG]
TEXTS += ["Ünïcode’s “quotes” 👍🏽 ΟΔΟΣ"]


@pytest.fixture(scope="module")
def made(run, tmp_path_factory):
    """A trained run, loaded, and the folder that it was exported to."""
    folder = tmp_path_factory.mktemp("exported") / "new" / "model"
    with contextlib.redirect_stdout(io.StringIO()) as told:
        export.main(export.Options(run_dir=str(run), output=str(folder)))
    (folder.parent / "told.txt").write_text(told.getvalue())
    return trained.load(str(run)), folder


def _plain(folder, signature, batches):
    done = subprocess.run(
        [sys.executable, SCRIPT, folder, signature],
        input=json.dumps(batches),
        capture_output=True,
        text=True,
        cwd=folder,
        check=True,
    )
    return json.loads(done.stdout)["answers"]


def _check_same(found: dict, expected: list[dict], tolerance: float = 1e-5):
    names = [*expected[0]["probabilities"]]
    assert [[*row] for row in np.array(found["classes"]).astype(str)] == [names] * len(
        expected
    )
    given = np.array([[*row["probabilities"].values()] for row in expected])
    np.testing.assert_allclose(found["probabilities"], given, atol=tolerance)
    labels = np.array(found["label"])
    if labels.ndim == 2:  # multi-label: whether each is given
        labels = [[n for n, yes in zip(names, r, strict=True) if yes] for r in labels]
        assert labels == [row["label"] for row in expected]
    else:
        assert labels.astype(str).tolist() == [row["label"] for row in expected]


def test_a_process_without_tfm_predicts_the_same(made):
    run, folder = made
    assert len(TEXTS) == 100 and run.objective.temperature not in (None, 1.0)
    alone = [TEXTS[0], "", *LONG]
    batches = [{"text": TEXTS}, *({"text": [text]} for text in alone)]
    whole, *single = _plain(folder, "serving_default", batches)
    _check_same(whole, run.predict(TEXTS))
    for text, found in zip(alone, single, strict=True):
        _check_same(found, run.predict([text]))


def test_the_command_says_what_it_wrote(made):
    run, folder = made
    loading, exported, signature, look = (
        (folder.parent / "told.txt").read_text().splitlines()
    )
    assert loading == f"Loading     {run.folder.path}"
    assert exported.startswith(f"Exported    {folder}: step {run.step:,}, ")
    assert signature == "Signature   text -> classes, label, probabilities"
    assert look == f"Look        saved_model_cli show --dir {folder} --all"
    names = {path.name for path in folder.iterdir()}
    assert {"saved_model.pb", "variables", "export.json"} <= names
    assert {path.name for path in folder.parent.iterdir()} == {"model", "told.txt"}


def test_what_it_says_of_itself(made):
    run, folder = made
    body = json.loads((folder / "export.json").read_text())
    assert body["signatures"].keys() == {"serving_default", "predict"}
    told = body["signatures"]["serving_default"]
    assert told == body["signatures"]["predict"]
    text = {"dtype": "string", "shape": [None], "column": "text", "kinds": ["text"]}
    assert told["inputs"] == {"text": text}
    shapes = {
        name: (one["dtype"], one["shape"]) for name, one in told["outputs"].items()
    }
    assert shapes == {
        "classes": ("string", [None, 2]),
        "label": ("string", [None]),
        "probabilities": ("float32", [None, 2]),
    }
    assert body["needs"] == {"tensorflow": tf.__version__, "import_first": []}
    assert body["task"]["label_names"] == ["bad", "good"]
    assert body["task"]["temperature"] == run.objective.temperature
    assert body["run"]["experiment"] == "text_cls" and body["run"]["step"] == run.step
    assert body["run"]["made_with"] == run.folder.saved()["made_with"]


def test_its_signatures_are_as_tensorflow_serving_reads_them(made):
    _, folder = made
    graph = loader.get_meta_graph_def(str(folder), "serve")
    found = graph.signature_def["serving_default"]
    assert found.method_name == "tensorflow/serving/predict"
    assert {n: one.dtype for n, one in found.inputs.items()} == {"text": tf.string}
    assert found.outputs.keys() == {"label", "classes", "probabilities"}
    assert "predict" in graph.signature_def


@pytest.mark.slow
def test_saved_model_cli_shows_and_runs_it(made):
    run, folder = made
    command = [pathlib.Path(sys.executable).parent / "saved_model_cli"]
    where = ["--dir", folder, "--tag_set", "serve", "--signature_def", "predict"]
    shown = subprocess.run(
        [*command, "show", *where], capture_output=True, text=True, check=True
    ).stdout
    assert "inputs['text'] tensor_info:" in shown and "dtype: DT_STRING" in shown
    ran = subprocess.run(
        [*command, "run", *where, "--input_exprs", 'text=["a superb film"]'],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (told,) = run.predict(["a superb film"])
    assert f"[b'{told['label']}']" in ran


@pytest.mark.slow
def test_the_script_of_the_page_runs(made):
    run, folder = made
    script = pathlib.Path(__file__).parents[2] / "docs" / "examples"
    done = subprocess.run(
        [sys.executable, script / "exported_model.py", folder],
        capture_output=True,
        text=True,
        check=True,
    )
    told = run.predict(["A moving film.", "A dull one."])
    shares = [max(row["probabilities"].values()) for row in told]
    labels, numbers = zip(*map(str.split, done.stdout.splitlines()), strict=True)
    assert [*labels] == [row["label"] for row in told]
    np.testing.assert_allclose([float(n) for n in numbers], shares, atol=1e-5)


def _build(
    model, text=None, columns=None, dtype="float32", task=None, adapt=None, **fields
):
    """An untrained run, as trained.load makes it, on a few rows."""
    rows = [{"text": value} for value in TEXTS[:40]]
    if columns is None:
        columns = {"label": category.Category(("a", "b", "c"), (1, 1, 1))}
    text = text or inputs.Text(vocab_size=60, max_length=12)
    keras.config.set_dtype_policy(dtype)
    try:
        e = experiments.Experiment(
            data=data.Corpus(train="x.txt") if task else data.LabeledText(),
            inputs=text,
            model=model,
            adapt=adapt or adaptation.Adapt(),
            task=task or tasks.TextClassification(**fields),
            train=training.Train(dtype=dtype, best_metric="loss"),
        )
        preprocessor = assembly.inputs_of(e).fit(rows, e.task.reserves(e.inputs))
        objective = e.task.bind(columns, preprocessor)
        keras.utils.set_random_seed(0)
        found = assembly.build_model(e, objective)
    finally:
        keras.config.set_dtype_policy("float32")
    for i, weight in enumerate(found.trainable_variables):  # biases are zeros
        drawn = np.random.default_rng(i).normal(size=weight.shape)
        weight.assign(weight + 0.1 * drawn)
    evaluator = evaluation.Evaluator(found, objective)
    if isinstance(objective, interfaces.Finishes):
        objective = objective.finished({"temperature": np.array(1.7)})
    folder = types.SimpleNamespace(
        path=pathlib.Path("run"), saved=lambda: {"experiment": "mine"}
    )
    return trained.Trained(
        folder, e, preprocessor, columns, objective, found, 7, evaluator
    )


def _answer(run, texts):
    function = exported.Exported(run, 9).signatures()["predict"]
    return {n: v.numpy() for n, v in function(text=tf.constant(texts)).items()}


SHAPE = {"num_layers": 1, "width": 8, "num_heads": 2, "feedforward_width": 8}
SEVERAL = {"label": categories.Categories(("a", "b", "c"), (1, 1, 1))}
TOGETHER = {"words": inputs.Text(vocab_size=60, max_length=12)}
SLOW = pytest.mark.slow
CASES = {
    "lstm": {"model": models.LSTM(embedding_width=6, width=8, window=4, skip=True)},
    "cnn": {"model": models.CNN(num_filters=4)},
    "transformer": {"model": models.Transformer(**SHAPE)},
    "decoder": {"model": models.Decoder(**SHAPE)},
    "multi_label": {
        "model": models.CNN(num_filters=4),
        "columns": SEVERAL,
        "threshold": 0.4,
    },
    "together": {
        "model": models.Together(
            {"cnn": models.CNN(num_filters=4), "lstm": models.LSTM(width=4)}
        ),
        "text": inputs.Together(TOGETHER),
    },
    "adapters": {
        "model": models.Transformer(**SHAPE),
        "adapt": adaptation.Adapt(lora_rank=2),
    },
    "augmented": {
        "model": models.CNN(num_filters=4),
        "text": inputs.Text(max_length=12, augment=inputs.Augment(delete=0.9)),
    },
}


@pytest.mark.parametrize(
    "name",
    [
        n if n == "multi_label" else pytest.param(n, marks=pytest.mark.slow)
        for n in CASES
    ],
)
def test_each_model_answers_as_predict(name):
    run = _build(**CASES[name])
    found = _answer(run, TEXTS)
    _check_same(found, run.predict(TEXTS))
    assert np.ptp(found["probabilities"], axis=0).min() > 1e-4  # not all alike


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_halves_come_out_as_float32(dtype):
    run = _build(models.CNN(num_filters=4), dtype=dtype)
    found = _answer(run, TEXTS[:8])
    assert found["probabilities"].dtype == np.float32
    _check_same(found, run.predict(TEXTS[:8]))


@pytest.mark.slow
def test_a_published_model_answers_as_predict(tmp_path):
    preset = small_preset.write(tmp_path)
    text = inputs.PretrainedText(max_length=8)
    run = _build(models.Pretrained(preset=preset), text)
    texts = ["A man is eating.", "", "food " * 400, "Ünknown"]
    _check_same(_answer(run, texts), run.predict(texts))


def test_columns_of_any_name_go_in():
    names = exported._input_names(["my text", "my-text", "1st", "größe", "text"])
    assert [*names.values()] == ["my text", "my-text", "1st", "größe", "text"]
    assert [*names] == ["my_text", "my_text_", "_1st", "gr__e", "text"]


@pytest.mark.slow
def test_predictions_are_of_the_temperature():
    run = _build(models.CNN(num_filters=4))
    other = run.objective.finished({"temperature": np.array(0.3)})
    other = dataclasses.replace(run, objective=other)
    one, two = (_answer(r, TEXTS[:4])["probabilities"] for r in (run, other))
    assert np.abs(one - two).max() > 0.01
    _check_same(_answer(other, TEXTS[:4]), other.predict(TEXTS[:4]))


@pytest.mark.slow
@pytest.mark.parametrize("way", ["word", "character", "published"])
def test_a_masked_model_tells_the_same_tokens(way, tmp_path):
    if way == "published":
        preset = small_preset.write(tmp_path)
        text, model = inputs.PretrainedText(max_length=8), models.Pretrained(preset)
        texts = ["a [MASK] is eating", "[MASK] [MASK].", "Is a  [MASK]"]
    else:
        text = inputs.Text(method=way, max_length=16, vocab_size=60)
        model = models.Transformer(**SHAPE)
        texts = ["the [MASK] film", "[MASK]a story [MASK]", "a [MASK]"]
    documents = "joined" if way == "published" else "packed"
    task = tasks.MaskedLM(mask_rate=0.3, documents=documents)
    run = _build(model, text, columns={}, task=task)
    found = _answer(run, texts)
    for row, told in enumerate(run.predict(texts)):
        number = len(told["masks"])
        names = [[one["token"] for one in mask] for mask in told["masks"]]
        shares = [[one["probability"] for one in mask] for mask in told["masks"]]
        tokens = np.char.decode(found["tokens"][row].astype(bytes), "utf-8")
        assert tokens[:number].tolist() == names
        assert not found["probabilities"][row, number:].any()
        np.testing.assert_allclose(
            found["probabilities"][row, :number], shares, atol=1e-5
        )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["decoder", "lstm"])
@pytest.mark.parametrize("method", ["character", "byte", "word", "wordpiece"])
def test_a_model_that_writes_writes_the_same(name, method):
    run = small_runs.run(name, method=method)
    prompts = ["the fox", "q", "", " ", "a dog", "é"]
    function = exported.Exported(run, 6).signatures()["generate"]
    found = function(prompt=tf.constant(prompts))["text"].numpy()
    generator = generation.Generator(run, jit_compile=False)
    told = generator.generate(prompts, temperature=0, max_new_tokens=6)
    assert [text.decode() for text in found] == [one.text for one in told]
    (long,) = function(prompt=tf.constant(["dog " * 30]))["text"].numpy()
    assert long.decode()


@pytest.mark.slow
def test_a_process_without_tfm_writes_the_same(tmp_path):
    run = small_runs.run("decoder")
    saved = {"experiment": "mine"}
    run.folder = types.SimpleNamespace(path=tmp_path, saved=lambda: saved)
    run.step = 3
    body = exporting.export(run, tmp_path / "model", max_new_tokens=5)
    assert body["signatures"].keys() == {"serving_default", "generate"}
    assert body["task"] == {"max_new_tokens": 5, "prompt_tokens": 12}
    (found,) = _plain(tmp_path / "model", "generate", [{"prompt": ["the fox", ""]}])
    generator = generation.Generator(run, jit_compile=False)
    told = generator.generate(["the fox", ""], temperature=0, max_new_tokens=5)
    assert found["text"] == [one.text for one in told]


def test_other_models_that_write_are_refused():
    with pytest.raises(errors.UserError, match="Got models.EncoderDecoder"):
        exported.Exported(small_runs.run("encoder_decoder"), 4)
    with pytest.raises(errors.UserError, match="must leave room for a prompt in 16"):
        exported.Exported(small_runs.run("decoder"), 17)


def test_inputs_without_a_graph_are_refused(tmp_path):
    run = _build(models.NgramBag(), inputs.Ngrams(min_count=1))
    told = "inputs.Ngrams cannot be exported: it has no raw_graph.* words, word pieces"
    with pytest.raises(errors.UserError, match=told):
        exporting.export(run, tmp_path / "model")
    assert not [*tmp_path.iterdir()]


def test_a_part_without_a_graph_is_refused():
    parts = {"words": inputs.Text(max_length=4), "ngrams": inputs.Ngrams(min_count=1)}
    both = models.Together({"cnn": models.CNN(), "ngrams": models.NgramBag()})
    run = _build(both, inputs.Together(parts))
    with pytest.raises(errors.UserError, match=r"inputs.Together cannot be exported"):
        exported.Exported(run, 9)


def test_tasks_without_a_graph_are_refused():
    class Mine:
        stored = {}

    run = _build(models.CNN(num_filters=4))
    other = dataclasses.replace(run, objective=Mine())
    with pytest.raises(errors.UserError, match="Mine has no method exports"):
        exported.Exported(other, 9)
