"""Commands on a terminal and in a log: what a person sees, what a file holds."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

from tests.support import reviews
from tests.support import screens

ROOT = pathlib.Path(__file__).parents[1]
TRAIN = [
    "--experiment=text_cls_cnn",
    "--run_dir=run",
    "--data.train=reviews.csv",
    "--data.text=review",
    "--data.label=stars",
    "--data.where=",
    "--data.rename=",
    "--inputs.vocab_size=60",
    "--train.steps=30",
    "--train.eval_every=15",
    "--reference=off",
]
PHASES = [
    "Loading TensorFlow",
    "Reading train",
    "Encoding",
    "Compiling the train step",
    "Training",
    "Validating",
    "Evaluating validation",
    "Evaluating test",
]
NEXT = ["Evaluate ", "Predict ", "TensorBoard ", "Report "]


def _command(*arguments) -> list[str]:
    return [sys.executable, "-m", "tfm", *arguments]


def _environment(**own) -> dict[str, str]:
    kept = {n: v for n, v in os.environ.items() if n not in ("NO_COLOR", "FORCE_COLOR")}
    return kept | {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color"} | own


def _on_terminal(folder, *arguments, own=None, **settings):
    """The screen after a command, all that was written to it, and the other output."""
    status, written, output = screens.run(
        _command(*arguments), cwd=folder, env=_environment(**(own or {})), **settings
    )
    assert status == 0, written
    screen = screens.Screen(settings.get("width", 100))
    screen.feed(written)
    return screen.rows, written, output


def _in_log(folder, *arguments, **own):
    """Standard output and error of a command without a terminal."""
    done = subprocess.run(
        _command(*arguments),
        cwd=folder,
        env=_environment(**own),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


@pytest.fixture(scope="module", name="folder")
def _folder(tmp_path_factory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("commands")
    reviews.write_csv(folder / "reviews.csv", 120)
    texts = "".join(f"a superb film {number}\n" for number in range(500))
    (folder / "texts.txt").write_text(texts)
    return folder


@pytest.fixture(scope="module", name="trained")
def _trained(folder):
    """What a training on a terminal shows."""
    return _on_terminal(folder, "train", *TRAIN)


def test_a_training_names_its_phases_and_leaves_whole_lines(trained):
    rows, written, _ = trained
    frames = [frame.partition("\x1b[K")[0] for frame in written.split("\r")]
    seen = re.findall("|".join(PHASES), "\n".join(frames))
    assert list(dict.fromkeys(seen)) == PHASES
    assert re.search(r"Training \x1b\[32m━+\x1b\[0m 100 %  ETA 0:0\d", written)
    assert not any("━" in row or "\x1b" in row for row in rows)
    first = re.escape("step 15  validation  loss ")
    assert (
        sum(bool(re.fullmatch(first + r"\d\.\d+  accuracy .*", r)) for r in rows) == 1
    )
    while not rows[-1]:
        rows.pop()
    assert rows[-5].split()[:2] == ["Run", "folder"]
    assert [row[: len(name)] for row, name in zip(rows[-4:], NEXT, strict=True)] == NEXT


@pytest.mark.slow
def test_predictions_go_to_their_own_output_and_the_line_to_the_terminal(
    folder, trained
):
    rows, written, output = _on_terminal(
        folder,
        *("predict", "--run_dir=run", "--input=texts.txt", "--batch_size=16"),
        width=60,
        separate_output=True,
        own={"NO_COLOR": "1"},
    )
    assert re.search("Predicting ━+ +[0-9]+ %", written) is None  # there is no room
    # a quick machine is done before its speed is known
    assert re.search("Predicting 100 %.*  500 rows", written)
    assert not re.search(r"\x1b\[[0-9;]*m", written)
    assert len(output.splitlines()) == 500 and "\x1b" not in output
    assert rows[0] == "Loading     run" and rows[1].startswith("Predict ")


@pytest.mark.slow
def test_a_log_has_neither_codes_nor_returns(folder, trained):
    asked = ("evaluate", "--run_dir=run")
    for output in _in_log(folder, *asked, TERM="xterm"):
        assert not set(output) & {"\r", "\x1b", "━"}
    output = _in_log(folder, *asked)[0].splitlines()
    assert [line.split()[0] for line in output[-4:]] == [
        "Written",
        "Predict",
        "Report",
        "TensorBoard",
    ]


@pytest.mark.slow
def test_a_quiet_command_prints_warnings_and_results_alone(folder, trained):
    output, error = _in_log(folder, "train", *TRAIN, "--run_dir=quiet", "--quiet")
    assert error == ""
    words = [line.split()[0] for line in output.splitlines() if line.strip()]
    assert words[:3] == ["Finished", "validation", "loss"] and words[-1] == "Run"
    asked = ("--run_dir=run", "--input=texts.txt", "--output=o.csv", "--quiet")
    told = ("500 predictions written to o.csv\n", "")
    assert _in_log(folder, "predict", *asked) == told
    rows, written, _ = _on_terminal(
        folder, "predict", "--run_dir=run", "--text=[/] superb", "--quiet"
    )
    assert len(rows) == 2 and rows[0].endswith("[/] superb") and "\r\n" in written
    assert "\x1b" not in written


@pytest.mark.slow
def test_every_command_ends_with_what_to_do_next(folder, trained):
    output, _ = _in_log(folder, "report", "--run_dir=run", "--resamples=0")
    path = folder / "run" / "report.html"
    assert output.splitlines()[-1] == f"Open         {path.resolve().as_uri()}"
    asked = ("predict", "--run_dir=run", "--input=texts.txt", "--output=p.csv")
    _, error = _in_log(folder, *asked)
    last = "python -m tfm.report --run_dir=run"
    assert error.splitlines()[-1] == f"{'Report':11}  {last}"
