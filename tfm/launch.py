"""Several processes train one run: python -m tfm.launch --workers=2 -- TRAIN_FLAGS.

Each is a `python -m tfm.train TRAIN_FLAGS --strategy=multi_worker` with a TF_CONFIG of
its own. Worker 0 is the chief.
"""

import dataclasses
import json
import os
import re
import signal
import socket
import sys
from collections.abc import Sequence

from tfm import config
from tfm import errors
from tfm.distribution import processes

GRACE = 5.0  # seconds between SIGTERM and SIGKILL
# statuses after which nothing is started again
FINAL = (0, errors.USER_MISTAKE, errors.INTERRUPTED)


@dataclasses.dataclass(frozen=True)
class Options:
    """python -m tfm.launch --workers=N [--max_restarts=K] -- TRAIN_FLAGS

    Trains one run with N processes on this machine; what follows -- goes to each
    python -m tfm.train. When one dies, all are ended, and started again from the
    last checkpoint while restarts are left. Ctrl-C and SIGTERM are passed on, and a
    closed terminal (SIGHUP) as SIGTERM.
    Status: 0 when all end with 0; 2 for a mistake; 130 for Ctrl-C; 42 when all was
    saved because of SIGTERM; otherwise that of the process that died, 128 + N
    where signal N killed it.
    """

    workers: int = 1  # processes on this machine
    # times to start all again after a process died; a preemption (status 42) is not
    # counted, but needs one left
    max_restarts: int = 0
    # GPUs for each process, by CUDA_VISIBLE_DEVICES; 0: each sees them all
    gpus_per_worker: int = 0

    def __post_init__(self):
        least = {"workers": 1, "max_restarts": 0, "gpus_per_worker": 0}
        for name, number in least.items():
            value = getattr(self, name)
            if value < number:
                raise errors.UserError(f"--{name} takes {number} or more. Got {value}.")


def split(argv: Sequence[str]) -> tuple[list[str], list[str] | None]:
    """The launcher's own arguments, and those behind `--`; None without a `--`.

    Without it, flags of tfm.train are left out, so that main tells what is missing.
    """
    if "--" not in argv:
        fields = "|".join(field.name for field in dataclasses.fields(Options))
        own = re.compile(rf"-h|--help|--({fields})(=.*)?|[^-].*")
        trains = [
            flag for flag in argv[1:] if re.match(r"--(experiment|run_dir|\w+\.)", flag)
        ]
        if not trains:
            return list(argv), None
        return [argv[0], *(flag for flag in argv[1:] if own.fullmatch(flag))], None
    place = argv.index("--")
    return list(argv[:place]), list(argv[place + 1 :])


def main(options: Options, train_flags: list[str] | None) -> int:
    if train_flags is None:
        raise errors.UserError(
            "Put the flags of tfm.train behind --, as in "
            "python -m tfm.launch --workers=2 -- --experiment=NAME."
        )
    return launch(
        train_command(train_flags),
        options.workers,
        options.max_restarts,
        options.gpus_per_worker,
    )


def train_command(train_flags: Sequence[str]) -> list[str]:
    """The command of each worker."""
    command = [sys.executable, "-m", "tfm.train", *train_flags]
    names = {flag.lstrip("-").partition("=")[0] for flag in train_flags}
    if "strategy" not in names:
        command.append("--strategy=multi_worker")
    return command


def launch(
    command: Sequence[str],
    workers: int,
    max_restarts: int = 0,
    gpus_per_worker: int = 0,
    grace: float = GRACE,
) -> int:
    """Runs `command` in `workers` processes, again when one dies.

    Call it where there is no thread but the main one.

    Args:
      command: each process's; it finds its place in TF_CONFIG.
      workers: how many.
      max_restarts: starts after the first one.
      gpus_per_worker: GPUs for each; 0 leaves CUDA_VISIBLE_DEVICES alone.
      grace: seconds between SIGTERM and SIGKILL for those that are to end.

    Returns:
      The exit status; see Options.

    Raises:
      UserError: CUDA_VISIBLE_DEVICES names fewer GPUs than the workers need.
    """
    gpus = _gpus(workers, gpus_per_worker)
    restarts = 0
    with processes.Requests() as requests:
        while True:
            environments = _environments(workers, gpus)  # new ports each time
            status = processes.Job(command, environments, requests, grace).run()
            if requests.first == signal.SIGINT:
                return errors.INTERRUPTED
            if requests.first or status in FINAL:
                return status
            if restarts == max_restarts:
                processes.say(f"No restarts are left (--max_restarts={max_restarts}).")
                return status
            which = "Restart after a preemption"
            if status != errors.PREEMPTED:
                restarts += 1
                which = f"Restart {restarts} of {max_restarts}"
            processes.say(f"{which}, from the last checkpoint.")


def _gpus(workers: int, each: int) -> list[str]:
    """CUDA_VISIBLE_DEVICES of each worker, or nothing if it stays as it is."""
    if not each:
        return []
    names = [str(number) for number in range(workers * each)]
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        names = [n for n in os.environ["CUDA_VISIBLE_DEVICES"].split(",") if n.strip()]
    if len(names) < workers * each:
        raise errors.UserError(
            f"--workers={workers} with --gpus_per_worker={each} takes {workers * each} "
            f"GPUs. CUDA_VISIBLE_DEVICES names {len(names)}."
        )
    return [",".join(names[i * each : (i + 1) * each]) for i in range(workers)]


def _environments(workers: int, gpus: list[str]) -> list[dict[str, str]]:
    """Each worker's environment, with ports that were free a moment ago."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(workers)]
    addresses = [f"127.0.0.1:{made.getsockname()[1]}" for made in sockets]
    for made in sockets:  # all were open at once, so no two are the same
        made.close()
    environments = []
    for index in range(workers):
        task = {"type": "worker", "index": index}
        body = {"cluster": {"worker": addresses}, "task": task}
        # a pipe would keep Python's output back until it is full
        own = {"TF_CONFIG": json.dumps(body), "PYTHONUNBUFFERED": "1"}
        if gpus:
            own["CUDA_VISIBLE_DEVICES"] = gpus[index]
        environments.append(os.environ | own)
    return environments


if __name__ == "__main__":
    sys.argv, behind = split(sys.argv)
    config.run(lambda options: main(options, behind), Options)
