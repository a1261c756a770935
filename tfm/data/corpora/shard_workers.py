"""Processes that make shards. This file is what they run.

A job is a line of JSON on a process's input, its outcome a line on its output. A
process ends with its input, so none is left when the one that started it is killed.
"""

import contextlib
import itertools
import json
import os
import pathlib
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from collections.abc import Iterator
from concurrent import futures

from tfm.data.corpora import shards


def run(jobs: Iterable[shards.Job], workers: int = 0) -> Iterator[dict]:
    """Yields the outcome of each job, in any order.

    Args:
      jobs: taken one by one as processes become free.
      workers: processes; 0: one for each processor core. A single job, or a single
        worker, needs none besides this one.
    """
    workers = workers or len(os.sched_getaffinity(0))
    jobs = iter(jobs)
    first = list(itertools.islice(jobs, 2 if workers > 1 else 0))
    if len(first) < 2:
        for job in itertools.chain(first, jobs):
            yield shards.encode(job, shards.encoder_of(job.store))
        return
    with Workers(workers) as pool:
        pending = set()
        for job in itertools.chain(first, jobs):
            pending.add(pool.submit(job))
            if len(pending) > workers:  # one waits for whoever is free first
                done, pending = futures.wait(
                    pending, return_when=futures.FIRST_COMPLETED
                )
                yield from (future.result() for future in done)
        for future in futures.as_completed(pending):
            yield future.result()


class Workers:
    """So many processes, each started when it is first needed."""

    def __init__(self, size: int):
        self._threads = futures.ThreadPoolExecutor(size)
        self._idle = queue.SimpleQueue()
        self._started: list[subprocess.Popen] = []
        self._starting = threading.Lock()
        self._stopped = False

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._starting:
            self._stopped = True
        for process in self._started:
            if kind:
                process.kill()
            else:
                process.stdin.close()
        for process in self._started:
            process.wait()
        self._threads.shutdown()
        for process in self._started:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            process.stdout.close()

    def submit(self, job: shards.Job) -> "futures.Future[dict]":
        return self._threads.submit(self._encode, job)

    def _encode(self, job: shards.Job) -> dict:
        try:
            process = self._idle.get_nowait()
        except queue.Empty:
            process = self._start()
        answer = b""
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps(job).encode() + b"\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        if not answer:
            raise RuntimeError(
                f"A process that tokenizes ended with status {process.wait()}."
            )
        self._idle.put(process)
        return json.loads(answer)

    def _start(self) -> subprocess.Popen:
        path = os.pathsep.join(entry or str(pathlib.Path.cwd()) for entry in sys.path)
        # one process a core is enough: the library's own threads stay out
        environment = {"PYTHONPATH": path, "TOKENIZERS_PARALLELISM": "false"}
        with self._starting:
            if self._stopped:
                raise RuntimeError("No process is started any more.")
            process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=os.environ | environment,
            )
            self._started.append(process)
        return process


def _serve(parent: int) -> None:
    """Makes shards until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    for line in sys.stdin.buffer:
        job = shards.Job(*json.loads(line))
        outcome = shards.encode(job, shards.encoder_of(job.store))
        answers.write(json.dumps(outcome).encode() + b"\n")
        answers.flush()


def _end_with(parent: int) -> None:
    """Ends this process soon after its parent, also in the middle of a shard."""
    while os.getppid() == parent:
        threading.Event().wait(0.2)
    os._exit(1)


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
