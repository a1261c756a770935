"""A run whose terminal is closed while it trains, as when a connection is lost."""

import os
import pathlib
import pty
import select
import subprocess
import sys
import time

from tests.support import reviews
from tfm import errors
from tfm.checkpoints import directory
from tfm.run import folder as run_folder

ROOT = pathlib.Path(__file__).parents[2]
SECONDS = 240  # that it may take at the most, on a machine that is busy
TRAIN = """
import fcntl, pathlib, sys, termios
from tests.support import steady
from tfm import train

fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # it leads the terminal's session, as a shell does
source, run = sys.argv[1:]
options = train.Options(experiment="text_cls", run_dir=run)
sys.exit(train.main(options, steady.experiment(pathlib.Path(source)), {}))
"""


def test_it_saves_and_ends_when_its_terminal_is_closed(tmp_path):
    source = reviews.write_csv(tmp_path / "reviews.csv")
    run = run_folder.RunFolder(tmp_path / "run")
    terminal, line = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", TRAIN, str(source), str(run.path)],
        cwd=ROOT,
        stdin=line,
        stdout=line,
        stderr=line,
        start_new_session=True,
    )
    os.close(line)
    said = b""
    end = time.monotonic() + SECONDS
    while (run.last_step() or 0) < 10 or b"ETA" not in said:
        assert process.poll() is None and time.monotonic() < end, said.decode()
        if select.select([terminal], [], [], 0.05)[0]:
            said += os.read(terminal, 2**16)
    before = run.last_step()
    os.close(terminal)
    assert process.wait(SECONDS) == errors.PREEMPTED
    found = directory.found(run.checkpoints / "last")
    assert max(found) >= before
    assert not run.finished.exists()
