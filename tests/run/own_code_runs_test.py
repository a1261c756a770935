"""Runs with code of their own: kept, compared, trusted; other folders left alone."""

import hashlib
import json
import pathlib
import shutil
import subprocess
import sys

import pytest

import tfm
from tests.support import commands
from tests.support import reviews
from tfm import errors
from tfm import evaluate
from tfm import predict
from tfm.checkpoints import checkpoints
from tfm.run import folder as run_folder
from tfm.run import trained

MAIN = '''
import dataclasses

from tests.support import reviews
from tfm import tasks
import parts


@dataclasses.dataclass(frozen=True)
class Task(tasks.TextClassification):
    """A class of the experiment's own file."""


def experiment():
    made = reviews.experiment({source!r}, steps=8, eval_every=4, batch_size=8)
    return dataclasses.replace(made, model=parts.Mean(), task=Task())
'''
PARTS = '''
import dataclasses

from tfm import models

WIDTH = 4


@dataclasses.dataclass(frozen=True)
class Mean(models.CNN):
    """A model in a file beside it."""

    embedding_width: int = 4
    num_filters: int = 4
    kernel_widths: tuple[int, ...] = (2,)

    def build(self, specs):
        import keras

        built = super().build(specs)
        x = keras.layers.Dense(WIDTH)(built.output["pooled"])
        return keras.Model(built.input, {{"pooled": x}})
'''.replace("{{", "{").replace("}}", "}")


@pytest.fixture
def own(tmp_path) -> pathlib.Path:
    """An experiment's file with a helper beside it."""
    folder = tmp_path / "project"
    folder.mkdir()
    source = reviews.write_csv(tmp_path / "reviews.csv", 80)
    (folder / "mine.py").write_text(MAIN.format(source=str(source)))
    (folder / "parts.py").write_text(PARTS)
    return folder / "mine.py"


def _scores(run: pathlib.Path) -> dict:
    return json.loads((run / "metrics.json").read_text())["test"]


def test_a_run_keeps_its_code_and_needs_no_other(own, tmp_path, monkeypatch):
    run = tmp_path / "run"
    assert commands.train(f"--experiment={own}", f"--run_dir={run}") == 0
    kept = {p.name: p.read_text() for p in (run / "code").iterdir()}
    assert kept == {p.name: p.read_text() for p in own.parent.glob("*.py")}
    classes = json.dumps(json.loads((run / "config.json").read_text()))
    assert '"own:mine.Task"' in classes and '"own:parts.Mean"' in classes
    shutil.rmtree(own.parent)
    monkeypatch.chdir(tmp_path)
    scores = _scores(run)
    evaluate.main(evaluate.Options(run_dir=str(run)))
    assert _scores(run) == pytest.approx(scores)
    steps = ("--train.steps=12", "--optimizer.warmup_steps=1")
    assert commands.train(f"--run_dir={run}", steps[0]) == 0
    assert max(checkpoints.steps(run / "checkpoints/last")) == 12
    assert sorted(p.name for p in (run / "code").iterdir()) == ["mine.py", "parts.py"]


@pytest.mark.slow
def test_changed_code_is_shown_and_each_way_on_is_the_one_evaluated(
    own, tmp_path, capsys
):
    run = tmp_path / "run"
    flags = [f"--experiment={own}", f"--run_dir={run}"]
    assert commands.train(*flags) == 0
    helper = own.with_name("parts.py")
    helper.write_text(PARTS + "\nEDITED = True\n")
    capsys.readouterr()
    assert commands.train(*flags, "--train.steps=12") == 2
    said = capsys.readouterr().err
    assert "+EDITED = True" in said and f"{run}/code/parts.py" in said
    assert said.splitlines()[-1] == (
        f"error: The code has changed since {run} was begun (above). Give another "
        "--run_dir for a new run, --code=kept to go on with that of the run, or "
        "--code=current to go on with the changed one."
    )
    assert max(checkpoints.steps(run / "checkpoints/last")) == 8
    assert commands.train(*flags, "--train.steps=12", "--code=kept") == 0
    assert (run / "code/parts.py").read_text() == PARTS
    assert commands.train(*flags, "--train.steps=16", "--code=current") == 0
    assert (run / "code/parts.py").read_text().endswith("EDITED = True\n")
    scores = _scores(run)
    evaluate.main(evaluate.Options(run_dir=str(run)))
    assert _scores(run) == pytest.approx(scores)
    assert commands.train(*flags, "--train.steps=20") == 0  # the same again


def test_two_runs_with_other_helpers_in_one_process(own, tmp_path):
    runs = []
    for width in (4, 6):
        text = PARTS.replace("WIDTH = 4", f"WIDTH = {width}")
        own.with_name("parts.py").write_text(text)
        runs.append(tmp_path / str(width))
        assert commands.train(f"--experiment={own}", f"--run_dir={runs[-1]}") == 0
    for run, width in zip(runs, (4, 6), strict=True):
        found = trained.load(str(run))
        assert found.model.get_layer("head").kernel.shape[0] == width


def test_a_strangers_code_runs_only_when_trusted(own, tmp_path, monkeypatch, capsys):
    run = tmp_path / "run"
    assert commands.train(f"--experiment={own}", f"--run_dir={run}") == 0
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "of_another_user"))
    canary = tmp_path / "canary"
    file = run / "code/parts.py"
    file.write_text(
        f"import pathlib\npathlib.Path({str(canary)!r}).touch()\n" + file.read_text()
    )
    rule = r"code that would run here \(mine.py, parts.py\), and was not trained by you"
    text = predict.Options(run_dir=str(run), text=["a superb film"])
    for use in (
        lambda: predict.main(text),
        lambda: evaluate.main(evaluate.Options(run_dir=str(run))),
        lambda: trained.load(str(run)),
        lambda: tfm.fit(tfm.load_experiment("text_cls"), run),
    ):
        with pytest.raises(errors.UserError, match=rule):
            use()
    assert commands.train(f"--run_dir={run}", "--train.steps=12") == 2
    assert not canary.exists()
    found = trained.load(str(run), trust_code=True).predict(["a superb film"])
    assert canary.exists() and found[0]["label"] in ("good", "bad")


@pytest.mark.parametrize(
    ("place", "path"),
    [
        (("config", "task"), "antigravity.X"),
        (("config", "train_step"), "own:evil.X"),
        (("config", "optimizer"), "os.path.X"),
    ],
)
def test_a_class_of_no_part_of_tfm_is_not_imported(run, tmp_path, place, path):
    stranger = tmp_path / "stranger"
    shutil.copytree(run, stranger)
    (stranger / "code").mkdir()
    canary = tmp_path / "canary"
    evil = f"import pathlib\npathlib.Path({str(canary)!r}).touch()\n"
    (stranger / "code/evil.py").write_text(evil)
    body = json.loads((stranger / "config.json").read_text())
    body[place[0]][place[1]]["class"] = path
    (stranger / "config.json").write_text(json.dumps(body))
    with pytest.raises(errors.UserError, match="--trust_code"):
        trained.load(str(stranger))
    assert not canary.exists() and "antigravity" not in sys.modules


def _snapshot(folder: pathlib.Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def stranger(tmp_path) -> pathlib.Path:
    """Another program's folder, with names that a run's files have too."""
    folder = tmp_path / "theirs"
    for name in ("data", "preprocessor", "events", "checkpoints/last/step-00000001"):
        (folder / name).mkdir(parents=True)
        (folder / name / "canary").write_text("theirs")
    for name in (
        "config.json",
        "lock",
        "columns.json",
        "metrics.json",
        "experiment.py",
    ):
        (folder / name).write_text("{}")
    return folder


COMMANDS = {
    "train": ("--experiment=text_cls", "--run_dir={}"),
    "go on": ("--run_dir={}",),
    "evaluate": ("--run_dir={}",),
    "predict": ("--run_dir={}", "--text=a"),
    "generate": ("--run_dir={}", "--prompt=a"),
    "merge": ("--run_dir={}", "--output={}"),
    "prepare": ("--experiment=char_gpt", "--store={}"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_another_programs_folder_stays_as_it_is(name, stranger):
    before = _snapshot(stranger.parent)
    module = "train" if name == "go on" else name
    flags = [flag.format(stranger) for flag in COMMANDS[name]]
    done = subprocess.run(
        [sys.executable, "-m", f"tfm.{module}", *flags],
        cwd=pathlib.Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert _snapshot(stranger.parent) == before


def test_links_in_a_run_folder_lead_nowhere(run, tmp_path):
    source = reviews.write_csv(tmp_path / "reviews.csv", 80)
    experiment = reviews.experiment(source, steps=4)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("canary", "step-00000009"):
        (elsewhere / name).mkdir()
        (elsewhere / name / "file").write_text("theirs")
    (elsewhere / "text").write_text("theirs")
    before = _snapshot(elsewhere)
    for link, target in (
        ("lock", elsewhere / "text"),
        ("checkpoints/last", elsewhere),
        ("events", elsewhere),
        ("metrics.json", elsewhere / "text"),
    ):
        mine = tmp_path / "runs" / link.replace("/", "_")
        shutil.copytree(run, mine)
        place = mine / link
        if place.is_dir():
            shutil.rmtree(place)
        place.unlink(missing_ok=True)
        place.symlink_to(target)
        folder = run_folder.RunFolder(mine)
        rule = f"{place} is a symbolic link"
        with pytest.raises(errors.UserError, match=rule):
            folder.begin("text_cls", experiment, {})
        with pytest.raises(errors.UserError, match=rule):
            evaluate.main(evaluate.Options(run_dir=str(mine)))
        assert _snapshot(elsewhere) == before


def test_data_is_not_made_again_of_another_file(tmp_path, monkeypatch):
    source = reviews.write_csv(tmp_path / "reviews.csv", 80)
    monkeypatch.chdir(tmp_path)
    relative = reviews.experiment(pathlib.Path("reviews.csv"), steps=4)
    run = tmp_path / "run"
    assert reviews.start(relative, run, "text_cls") == "finished"
    kept = json.loads((run / "sources.json").read_text())
    assert list(kept) == [str(source)]
    other = tmp_path / "other"
    other.mkdir()
    reviews.write_csv(other / "reviews.csv", 80, seed=1)
    monkeypatch.chdir(other)  # where another file has that name
    more = reviews.experiment(pathlib.Path("reviews.csv"), steps=8)
    assert reviews.start(more, run, "text_cls") == "finished"
    shutil.rmtree(run / "data")
    further = reviews.experiment(pathlib.Path("reviews.csv"), steps=12)
    with pytest.raises(errors.UserError) as told:
        reviews.start(further, run, "text_cls")
    assert str(told.value).startswith(
        f"{run} was trained on {source}. {other}/reviews.csv has other content: "
    )
    shutil.rmtree(run / "data")
    monkeypatch.chdir(tmp_path)
    assert reviews.start(further, run, "text_cls") == "finished"
