"""A launcher at work on small scripts, for tests of what it does with them."""

import json
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).parents[2]
SECONDS = 60  # that a job may take at the most
LAUNCH = """
import json, signal, sys
from tfm import launch
arguments = json.loads(sys.argv[1])
for name, number in (("nohup", signal.SIGHUP), ("background", signal.SIGINT)):
    ignored = arguments.pop(name)
    signal.signal(number, signal.SIG_IGN if ignored else signal.SIG_DFL)
sys.exit(launch.launch(**arguments))
"""
# begins every worker; `start` counts the starts of this one in its folder
BEGIN = """
import json, os, pathlib, signal, subprocess, sys, time
index = json.loads(os.environ["TF_CONFIG"])["task"]["index"]
own = pathlib.Path(f"worker-{index}")
own.mkdir(exist_ok=True)
start = len(list(own.iterdir())) + 1
(own / str(start)).write_text(str(os.getpid()))
def wait_for(*paths):
    while not all(pathlib.Path(path).exists() for path in paths):
        time.sleep(0.01)
def ready():
    open(f"ready-{index}-{start}", "w").close()
"""


class Job:
    """A launcher at work in its folder."""

    def __init__(
        self,
        folder: pathlib.Path,
        body: str,
        workers: int = 2,
        nohup: bool = False,
        background: bool = False,
        environment: dict[str, str] | None = None,
        **arguments,
    ):
        self.folder = folder
        (folder / "worker.py").write_text(BEGIN + body)
        arguments["command"] = [sys.executable, "-S", "worker.py"]
        arguments |= {"workers": workers, "nohup": nohup, "background": background}
        self.process = subprocess.Popen(
            [sys.executable, "-c", LAUNCH, json.dumps(arguments)],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | (environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self) -> tuple[int, list[str], list[str]]:
        """Status, lines of output and of errors; no worker is left."""
        try:
            output, notes = self.process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self.check_nothing_is_left()
        return self.process.returncode, output.splitlines(), notes.splitlines()

    def wait_for(self, *names: str) -> None:
        until = time.monotonic() + SECONDS
        while not all((self.folder / name).exists() for name in names):
            assert time.monotonic() < until, f"{names} did not come"
            time.sleep(0.01)

    def pids(self) -> list[int]:
        return [int(path.read_text()) for path in self.folder.glob("worker-*/*")]

    def check_nothing_is_left(self, seconds: float = 0.0) -> None:
        until = time.monotonic() + seconds
        while any(map(_runs, self.pids())) and time.monotonic() < until:
            time.sleep(0.02)
        assert not any(map(_runs, self.pids()))


def _runs(pid: int) -> bool:
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"  # ended, if not yet reaped
