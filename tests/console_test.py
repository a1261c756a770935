"""What commands print in any encoding, to a pipe that closes, and of strange texts."""

import os
import pathlib
import subprocess
import sys

import pytest

from tfm import console
from tfm import errors

ROOT = pathlib.Path(__file__).parents[1]
TEXT = "caf\u00e9 \u65e5\u672c \U0001f600 \udcff \ud800"
ENCODINGS = ["ascii", "ascii:strict", "cp1252", "utf-8:strict", "utf-16", "latin-1"]
C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

# a command of ours: prints, draws a table and a progress line, and fails
COMMAND = """
import dataclasses, sys
from tfm import config, errors

TEXT = {text!a}

@dataclasses.dataclass(frozen=True)
class Options:
    '''Prints {text}.'''

    how: str = ""  # caf\u00e9

def main(options):
    if options.how == "many":
        for number in range(10**5):
            print(number)
    if options.how == "table":
        from tfm.callbacks import score_tables
        from tfm.callbacks import training_progress
        from tfm import figures
        score_tables.print_figure(figures.Table((TEXT,), [["[/b] " + TEXT]]))
        shown = training_progress.Progress(2, 0, 1, 1.0, 2, "loss")
        shown.warned(1, "[/x] " + TEXT)
    if options.how == "mistake":
        raise errors.UserError(TEXT + chr(27) + "[31m")
    print(TEXT)

config.run(main, Options)
"""


@pytest.fixture(scope="module")
def command(tmp_path_factory) -> list[str]:
    path = tmp_path_factory.mktemp("command") / "command.py"
    shown = TEXT.encode("utf-8", "replace").decode()
    path.write_text(COMMAND.format(text=TEXT).replace(TEXT, shown), encoding="utf-8")
    return [sys.executable, str(path)]


def _environment(**own) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT)} | own


@pytest.mark.parametrize("how", ["", "table", "mistake"])
@pytest.mark.parametrize("encoding", [*ENCODINGS, "C"])
def test_no_encoding_ends_a_command_in_a_traceback(command, how, encoding):
    own = C_LOCALE if encoding == "C" else {"PYTHONIOENCODING": encoding}
    done = subprocess.run(
        [*command, f"--how={how}"],
        env=_environment(**own),
        capture_output=True,
        check=False,
    )
    said = (done.stderr if how == "mistake" else done.stdout).decode(
        "ascii" if encoding == "C" else encoding.partition(":")[0]
    )
    assert "Traceback" not in done.stderr.decode("latin-1")
    assert done.returncode == (errors.USER_MISTAKE if how == "mistake" else 0)
    assert "\\udcff \\ud800" in said
    if encoding in ("ascii", "C"):
        assert "caf\\xe9 \\u65e5\\u672c \\U0001f600" in said
    if encoding.startswith("utf"):
        assert "caf\u00e9 \u65e5\u672c" in said
    if how == "mistake":
        assert said.startswith("error: ") and said.count("\n") == 1
        assert "\\x1b[31m" in said
    if how == "table":
        assert "[/b]" in said and "[/x]" in said


@pytest.mark.parametrize("module", ["tfm", "tfm.train", "tfm.generate"])
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_help_is_printed_in_any_encoding(module, encoding):
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"],
        env=_environment(PYTHONIOENCODING=encoding),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(done.stdout.decode(encoding).splitlines()) > 5


@pytest.mark.parametrize(
    ("how", "status"), [("", 0), ("many", 0), ("mistake", errors.USER_MISTAKE)]
)
@pytest.mark.parametrize("both", [False, True])
def test_a_reader_that_has_gone_is_no_traceback(command, how, status, both):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*command, f"--how={how}"],
        env=_environment(PYTHONUNBUFFERED="") | {"PYTHONUNBUFFERED": ""},
        stdout=writing,
        stderr=writing if both else subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert done.returncode == status
    told = f"error: {console.visible(TEXT)}\\x1b[31m\n" if status else ""
    assert both or done.stderr.decode() == told


@pytest.mark.parametrize("module", ["tfm", "tfm.predict"])
def test_help_to_a_pipe_that_is_closed(module):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-u", "-m", module, "--help"],
        env=_environment(),
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not pathlib.Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_is_told_in_a_line(command):
    with pathlib.Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command, env=_environment(), stdout=full, stderr=subprocess.PIPE
        )
    assert done.returncode == errors.USER_MISTAKE
    assert done.stderr == (
        b"error: Standard output cannot be written: No space left on device.\n"
    )


def test_streams_that_were_closed_before_the_start(command):
    shell = f"exec {sys.executable} {command[1]} <&- >&- 2>&-"
    assert subprocess.run(["sh", "-c", shell], env=_environment()).returncode == 0


def test_codes_that_a_terminal_would_obey_become_visible():
    assert (
        console.visible("a\x1b[31m\r\x9b\x07\u2028") == "a\\x1b[31m\\r\\x9b\\x07\\u2028"
    )
    assert console.visible("a\u202eb\u2066") == "a\\u202eb\\u2066"
    kept = "caf\u00e9\u00a0\u3000\u200d\u200c \u65e5"  # joiners, wide and hard spaces
    assert console.visible(kept) == kept
    assert console.visible("a\nb\tc\r", keep="\n\t") == "a\nb\tc\\r"


def test_a_quiet_command_tells_of_facts_only_notes_and_warnings(capsys):
    facts = (
        "Model  7 parameters",
        "a: 1\n  Warning   few\nb",
        "Note        x",
        "noted",
    )
    console.tell(*facts)
    assert capsys.readouterr().out == "\n".join(facts) + "\n"
    console.be_quiet(True)
    try:
        console.tell(*facts)
        console.tell("one", to_error=True)
    finally:
        console.be_quiet(False)
    assert capsys.readouterr() == ("  Warning   few\nNote        x\n", "")
