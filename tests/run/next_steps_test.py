"""Commands to go on with, as a shell takes them."""

import pathlib
import shlex

import pytest

from tfm import __main__ as door
from tfm import console
from tfm.run import folder as run_folder
from tfm.run import next_steps

STEPS = ("evaluate", "new_data", "use", "use_file", "tensorboard", "report")


def test_each_step_is_a_command_of_this_run(capsys):
    folder = run_folder.RunFolder(pathlib.Path("my runs/a"))
    next_steps.tell(folder, 'predict --text="..."', *STEPS)
    lines = [shlex.split(line) for line in capsys.readouterr().out.splitlines()]
    assert [line[1:3] for line in lines] == [["python", "-m"]] * len(STEPS)
    assert [line[3] for line in lines] == [
        "tfm.evaluate",
        "tfm.evaluate",
        "tfm.predict",
        "tfm.predict",
        "tensorboard.main",
        "tfm.report",
    ]
    own = [line for line in lines if line[3].startswith("tfm.")]
    assert {line[3].removeprefix("tfm.") for line in own} <= set(door.COMMANDS)
    assert all("--run_dir=my runs/a" in line for line in own)
    assert lines[2][-1] == "--text=..." and lines[4][-1] == "--logdir=my runs"


@pytest.mark.parametrize("quiet", [False, True])
def test_a_quiet_command_tells_none(capsys, quiet):
    console.be_quiet(quiet)
    try:
        folder = run_folder.RunFolder(pathlib.Path("run"))
        next_steps.tell(folder, "predict", "report", to_error=True)
    finally:
        console.be_quiet(False)
    line = "Report       python -m tfm.report --run_dir=run\n"
    assert capsys.readouterr() == ("", "" if quiet else line)
