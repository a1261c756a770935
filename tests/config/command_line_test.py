"""The command line as a user meets it: one line and status 2 for each mistake."""

import os
import pathlib
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).parents[2]

OWN = '''"""Mine: a first line."""

import dataclasses

from tfm.experiments import text_cls


def experiment():
    made = text_cls.experiment()
    return dataclasses.replace(made, train=dataclasses.replace(made.train, seed=5))
'''


def run(*arguments, module="train", cwd=ROOT):
    return subprocess.run(
        [sys.executable, "-m", f"tfm.{module}", *arguments],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--experiment=text_clss"],
            "There is no experiment 'text_clss' (did you mean text_cls?). "
            "--list shows them all.",
        ),
        (["--experiment=own.py"], "There is no experiment file own.py."),
        ([], "Give --experiment=NAME; --list shows them all."),
        (
            ["--experiment=text_cls", "--train.stepz=3"],
            "There is no flag --train.stepz (did you mean --train.steps?). "
            "--help shows them all.",
        ),
        (
            ["--experiment=text_cls", "--batch_size=3"],
            "There is no flag --batch_size (did you mean --train.batch_size?). "
            "--help shows them all.",
        ),
        (
            ["--experiment=text_cls", "--train.Stepz=3"],
            "There is no flag --train.Stepz (did you mean --train.steps?). "
            "--help shows them all.",
        ),
        (
            ["--experiment=text_cls", "--model=Transformer"],
            "--model is a part of the experiment, which its file sets; its fields are "
            "flags, as --model.embedding_width. --help shows them all.",
        ),
        (
            ["--experiment=text_cls", "--optimizer.name=adamW"],
            "--optimizer.name takes one of adamw, adam, sgd, rmsprop, adagrad, "
            "adadelta, adamax, nadam, ftrl, lion, lamb, adafactor, muon (did you mean "
            "adamw?). Got 'adamW'.",
        ),
        (
            ["--experiment=text_cls", "--train.steps=many"],
            "--train.steps takes a whole number, or none. Got 'many'.",
        ),
        (
            ["--experiment=text_cls", "--train.histograms=perhaps"],
            "--train.histograms takes true or false. Got 'perhaps'.",
        ),
        (
            ["--experiment=text_cls", "--model.dropout=1.5"],
            "model: dropout must be in [0, 1). Got dropout=1.5.",
        ),
        (
            ["--experiment=text_cls", "--train.best_metric=f2"],
            "train.best_metric must be a metric of tasks.TextClassification: accuracy, "
            "loss, precision_macro, recall_macro, f1_macro, precision_micro, "
            "recall_micro, f1_micro, roc_auc, pr_auc, ece. Got 'f2'.",
        ),
        (
            ["--experiment=text_cls", "--profile=5,3"],
            "--profile takes the first and the last update, as 10,20. Got 5,3.",
        ),
        (
            ["--experiment=text_cls", "extra"],
            "Flags begin with --. Got 'extra'; a value with spaces needs quotes.",
        ),
        (
            ["--run_dir=nowhere"],
            "There is no run in nowhere to go on with. Give --experiment=NAME to "
            "begin one; --list shows them all.",
        ),
    ],
)
def test_a_mistake_is_told_in_one_line(arguments, message):
    started = time.monotonic()
    done = run(*arguments)
    assert done.stderr == f"error: {message}\n"
    assert done.returncode == 2
    assert not done.stdout
    assert time.monotonic() - started < 4  # about one second on an idle machine


def test_list_shows_every_experiment_with_its_line():
    shown = run("--list").stdout
    for path in (ROOT / "experiments").glob("*.py"):
        first = path.read_text().splitlines()[0].strip('"')
        assert f"{path.stem} " in shown and first in shown


def test_help_shows_each_field_of_the_experiment_with_a_line_of_help():
    done = run("--experiment=text_cls", "--help")
    assert done.returncode == 0
    assert "--model.width=32" in done.stdout
    assert "none: once an epoch" in " ".join(done.stdout.split())
    bare = run("--help").stdout
    assert "--model.width" not in bare and "text_cls " in bare


def test_help_imports_nothing_heavy():
    code = (
        "import sys; sys.argv = ['train', '--experiment=text_cls', '--help']\n"
        "from tfm import config, train\n"
        "try: config.run(train.main, train.Options, train.base_experiment)\n"
        "except SystemExit: pass\n"
        "heavy = {'tensorflow', 'keras', 'sklearn', 'pyarrow', 'tokenizers', 'rich'}\n"
        "print('HEAVY', heavy & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert "HEAVY set()" in done.stdout, done.stdout[-500:] + done.stderr


def test_print_config_shows_what_would_run():
    shown = run("--experiment=text_cls", "--train.steps=7", "--print_config").stdout
    assert "train.steps=7\n" in shown and "model.width=32\n" in shown


def test_a_users_own_experiments_folder_comes_first(tmp_path):
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "mine.py").write_text(OWN)
    assert "Mine: a first line." in run("--list", cwd=tmp_path).stdout
    shown = run("--experiment=mine", "--print_config", cwd=tmp_path).stdout
    assert "train.seed=5\n" in shown
    path = str(tmp_path / "experiments" / "mine.py")
    assert "train.seed=5\n" in run(f"--experiment={path}", "--print_config").stdout


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def experiment(:\n", "{path}:1: invalid syntax."),
        (
            "x = 1\n",
            "{path} must define a function experiment() that returns an Experiment.",
        ),
        (
            "def experiment():\n    return 3\n",
            "experiment() in {path} must return a tfm.experiment.Experiment. Got int.",
        ),
    ],
)
def test_a_broken_experiment_file_is_told(tmp_path, source, message):
    path = tmp_path / "broken.py"
    path.write_text(source)
    done = run(f"--experiment={path}")
    assert done.stderr == f"error: {message.format(path=path)}\n"
    assert done.returncode == 2


def test_a_broken_tf_config_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("TF_CONFIG", "worker:1")
    done = run("--experiment=text_cls", f"--run_dir={tmp_path / 'run'}")
    assert done.stderr == (
        "error: TF_CONFIG must be a JSON object with cluster and task. "
        "Got 'worker:1'.\n"
    )
    assert done.returncode == 2


@pytest.mark.parametrize("module", ["evaluate", "predict"])
def test_the_other_commands_answer_too(module):
    assert run(module=module).stderr.startswith("error: Give --run_dir=DIR")
    done = run("--run_dir=nowhere", module=module)
    assert done.stderr == "error: There is no run folder nowhere.\n"
    assert done.returncode == 2
    assert "--run_dir" in run("--help", module=module).stdout


# parts that do not fit each other: (what is changed, the beginning of the answer)
MISMATCHED = {
    "a column": (
        "task=tasks.CausalLM(documents='joined')",
        "tasks.CausalLM reads the column text as stream (plain text that may be cut "
        "anywhere, as of data.Corpus); data.LabeledText has it as text.",
    ),
    "an input": (
        "model=models.EncoderDecoder()",
        "models.EncoderDecoder reads decoder_tokens (a second text, as "
        "models.EncoderDecoder reads); inputs.Text and tasks.TextClassification give "
        "tokens.",
    ),
    "an output": (
        "data=data.Corpus(train='x.txt'), task=tasks.CausalLM(documents='joined'), "
        "model=models.CNN()",
        "tasks.CausalLM reads causal (features in which no position sees a later one, "
        "as of models.Decoder); models.CNN gives pooled, sequence.",
    ),
    "a metric": (
        "train=training.Train(best_metric='bleu')",
        "train.best_metric must be a metric of tasks.TextClassification: accuracy, ",
    ),
    "room for special tokens": (
        "data=data.Corpus(train='x.txt'), task=tasks.SpanCorruption(), "
        "model=models.EncoderDecoder(), inputs=inputs.Text(vocab_size=5), "
        "train=training.Train(best_metric='loss')",
        "vocab_size must be at least ",
    ),
}


@pytest.mark.parametrize("name", MISMATCHED)
def test_parts_that_do_not_fit_are_told_before_any_data_is_read(name, tmp_path):
    changes, message = MISMATCHED[name]
    path = tmp_path / "own.py"
    path.write_text(
        "import dataclasses\n"
        "from tfm import data, inputs, models, tasks, training\n"
        "from tfm.experiments import text_cls\n"
        "def experiment():\n"
        f"    return dataclasses.replace(text_cls.experiment(), {changes})\n"
    )
    started = time.monotonic()
    done = run(f"--experiment={path}", cwd=tmp_path)
    assert done.stderr.startswith(f"error: {message}"), done.stderr
    assert done.stderr.count("\n") == 1 and done.returncode == 2
    assert not (tmp_path / "runs").exists()
    assert time.monotonic() - started < 10  # a second; TensorFlow alone takes more
