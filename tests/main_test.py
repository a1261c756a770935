"""One door: python -m tfm lists the commands and runs them."""

import pathlib
import subprocess
import sys
import time

import pytest

from tfm import __main__ as door

ROOT = pathlib.Path(__file__).parents[1]


def _tfm(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "tfm", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_command_is_listed_with_a_line():
    entries = {
        path.stem
        for path in (ROOT / "tfm").glob("*.py")
        if 'if __name__ == "__main__"' in path.read_text() and path.stem != "__main__"
    }
    assert entries == set(door.COMMANDS)
    lines = door.listed().splitlines()[2:]
    assert [line.split()[0] for line in lines] == list(door.COMMANDS)
    assert all(len(line.split()) > 2 for line in lines)


@pytest.mark.parametrize("asked", [(), ("--help",), ("-h",), ("help",)])
def test_help_is_quick(asked):
    started = time.monotonic()
    done = _tfm(*asked)
    assert time.monotonic() - started < 1.0
    assert (done.returncode, done.stdout) == (0, door.listed() + "\n")


@pytest.mark.parametrize("name", door.COMMANDS)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_it_runs_a_command_and_each_has_help(name, flag):
    done = _tfm(name, flag)
    alone = subprocess.run(
        [sys.executable, "-m", f"tfm.{name}", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.returncode, done.stdout) == (0, alone.stdout)
    assert f"python -m tfm.{name} " in done.stdout


def test_a_mistyped_command_and_a_commands_own_mistake():
    done = _tfm("trian", "--experiment=text_cls")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: There is no command trian (did you mean train?). "
        "tfm --help lists them all.\n"
    )
    done = _tfm("predict", "--run_dir=nowhere")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: There is no run folder nowhere.\n"


def test_the_version():
    import tfm

    assert _tfm("--version").stdout == f"tfm {tfm.__version__}\n"
