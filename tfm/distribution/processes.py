"""Processes of one multi-worker job: their output, their signals, their end.

What starts a job has no threads and has imported nothing heavy: the processes are
forked from it.
"""

import contextlib
import ctypes
import errno
import os
import select
import signal
import stat
import subprocess
import sys
import time

from tfm import errors

SAVE_SECONDS = 60.0  # for the others to save too, after one worker was preempted
ONE_REQUEST_SECONDS = 1.0  # a wrapper and the terminal may both pass on one Ctrl-C
DRAIN_SECONDS = 1.0  # for the last output of a process that has ended
_PR_SET_PDEATHSIG = 1  # of Linux's prctl


class Requests:
    """Ctrl-C, SIGTERM and a closed terminal as requests, while it is entered.

    Ctrl-C and a closed terminal that were ignored before, as in the background of a
    shell without job control and under nohup, stay ignored.
    """

    def __init__(self):
        self.first: signal.Signals | None = None  # to be passed on to the workers
        self.at_once = False  # a second Ctrl-C: do not wait for them
        self._since = 0.0
        self._before = {}

    def __enter__(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            before = signal.getsignal(number)
            if number != signal.SIGTERM and before is signal.SIG_IGN:
                continue
            self._before[number] = before
            signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_):
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, number, _):
        if self.first is None:
            self._since = time.monotonic()
            interrupt = number == signal.SIGINT
            self.first = signal.SIGINT if interrupt else signal.SIGTERM
        elif number == signal.SIGINT:
            self.at_once = time.monotonic() - self._since > ONE_REQUEST_SECONDS

    def hang_up(self) -> None:
        """Nobody reads our output any more: as if the terminal had been closed."""
        self._on_signal(signal.SIGHUP, None)


class _Lines:
    """Passes the whole lines of a pipe on, the worker's name before each."""

    def __init__(self, pipe, name: str, stream, requests: Requests):
        self.pipe = pipe
        self._prefix = f"[{name}] ".encode()
        self._stream = stream
        self._requests = requests
        self._rest = bytearray()  # of a line whose end has not come yet

    def read(self) -> bool:
        """Passes on what has come; False at the end of the pipe."""
        chunk = os.read(self.pipe.fileno(), 2**16)
        first, *others = chunk.split(b"\n")
        self._rest += first
        whole = []
        for other in others:
            whole.append(self._line())
            self._rest = bytearray(other)
        if not chunk and self._rest:
            whole.append(self._line())
        if b"\r" in chunk:  # keep nothing that a progress bar has overwritten
            self._rest = self._shown() + b"\r" * self._rest.endswith(b"\r")
        if not _write(self._stream, b"".join(whole)):
            self._requests.hang_up()
        return bool(chunk)

    def _line(self) -> bytes:
        return self._prefix + self._shown() + b"\n"

    def _shown(self) -> bytearray:
        """The line as it stands on a terminal after every carriage return."""
        return self._rest.rstrip(b"\r").rpartition(b"\r")[2]


class _Worker:
    """One process, in a session of its own so that only we send it signals."""

    def __init__(self, name: str, command, environment, requests: Requests):
        self.name = name
        streams = (sys.stdout.buffer, sys.stderr.buffer)
        self.status: int | None = None  # as a shell gives it; None while it runs
        self.process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=_follows(os.getpid()),
        )
        pipes = (self.process.stdout, self.process.stderr)
        self.lines = [
            _Lines(pipe, name, stream, requests)
            for pipe, stream in zip(pipes, streams, strict=True)
        ]

    def has_ended(self) -> bool:
        code = self.process.poll()
        if code is not None and self.status is None:
            self.status = code if code >= 0 else 128 - code
            self.kill()  # what it may have started and left
        return code is not None

    def kill(self) -> None:
        """Kills it and all that it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def how(self) -> str:
        """Its end in words."""
        if self.process.returncode < 0:
            by = signal.Signals(-self.process.returncode).name
            return f"{self.name} was killed by {by}"
        return f"{self.name} ended with status {self.status}"


def _follows(launcher: int):
    """The first act of a new process, so that it gets SIGTERM when we are killed."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)

    def follow():
        library.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != launcher:  # it is too late for that signal
            os.kill(os.getpid(), signal.SIGTERM)

    return follow


class Job:
    """One start of all workers, until all have ended."""

    def __init__(self, command, environments, requests: Requests, grace: float):
        self._command = command
        self._environments = environments
        self._requests = requests
        self._grace = grace
        self._workers: list[_Worker] = []
        self._own_statuses: list[int] = []  # of those that we did not end
        self._passed_on = False
        self._terminate_at: float | None = None  # what time.monotonic() gives
        self._kill_at: float | None = None
        self._poller = select.poll()
        self._open: dict[int, _Lines] = {}

    def run(self) -> int:
        try:
            self._start()
            while any(worker.status is None for worker in self._workers):
                self._pass_output_on()
                self._pass_request_on()
                for worker in self._workers:
                    if worker.status is None and worker.has_ended():
                        self._note(worker)
                self._end_what_is_due()
            return self._status()
        finally:
            self._leave_nothing()

    def _start(self) -> None:
        for index, environment in enumerate(self._environments):
            worker = _Worker(
                f"worker {index}", self._command, environment, self._requests
            )
            self._workers.append(worker)
            for lines in worker.lines:
                self._open[lines.pipe.fileno()] = lines
                self._poller.register(lines.pipe, select.POLLIN)
        output = sys.stdout.fileno()
        if stat.S_ISFIFO(os.fstat(output).st_mode):
            self._poller.register(output, 0)  # tells when its reader has gone

    def _pass_output_on(self) -> None:
        for number, _ in self._poller.poll(100):  # milliseconds
            if number not in self._open:
                self._poller.unregister(number)
                self._requests.hang_up()
            elif not self._open[number].read():
                self._poller.unregister(number)
                self._open.pop(number).pipe.close()

    def _pass_request_on(self) -> None:
        if self._requests.first and not self._passed_on:
            self._passed_on = True
            name = self._requests.first.name
            say(f"Passing {name} on and waiting; Ctrl-C (again) ends all at once.")
            self._send(self._requests.first)
        if self._requests.at_once:
            self._end_by(time.monotonic())

    def _note(self, worker: _Worker) -> None:
        until = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < until and any(
            lines in self._open.values() for lines in worker.lines
        ):
            self._pass_output_on()
        if self._kill_at is not None:  # it ended because we asked for it
            return
        # the chief's failure explains more than that of the others
        first = 0 if worker is self._workers[0] else len(self._own_statuses)
        self._own_statuses.insert(first, worker.status)
        asked = self._requests.first
        if worker.status == 0 or (asked and worker.status == 128 + asked):
            return
        if worker.status in (errors.PREEMPTED, errors.INTERRUPTED):
            if not asked:
                say(f"{worker.how()}; waiting for the others to save.")
                self._end_by(time.monotonic() + SAVE_SECONDS)
            return
        if worker.status != errors.USER_MISTAKE:  # which it has told
            say(f"{worker.how()}; ending the others.")
        self._end_by(time.monotonic())

    def _end_by(self, at: float) -> None:
        self._terminate_at = min(at, self._terminate_at or at)

    def _end_what_is_due(self) -> None:
        now = time.monotonic()
        if self._kill_at is not None:
            if now >= self._kill_at:
                for worker in self._workers:
                    if worker.status is None:
                        worker.kill()
        elif self._terminate_at is not None and now >= self._terminate_at:
            self._kill_at = now + self._grace
            self._send(signal.SIGTERM)

    def _send(self, number: int) -> None:
        for worker in self._workers:
            if worker.status is None:
                worker.process.send_signal(number)

    def _status(self) -> int:
        if errors.USER_MISTAKE in self._own_statuses:
            return errors.USER_MISTAKE
        statuses = [worker.status for worker in self._workers]
        return next((s for s in self._own_statuses + statuses if s), 0)

    def _leave_nothing(self) -> None:
        """Ends what an exception left running, and closes all pipes."""
        self._send(signal.SIGTERM)
        until = time.monotonic() + self._grace
        for worker in self._workers:
            while not worker.has_ended():
                if time.monotonic() >= until:
                    worker.kill()
                time.sleep(0.02)
            for lines in worker.lines:
                lines.pipe.close()


def say(text: str) -> None:
    """The launcher's own word, beside the output of the workers."""
    encoded = f"[launch] {text}\n".encode(sys.stderr.encoding, "backslashreplace")
    _write(sys.stderr.buffer, encoded)


def _write(stream, text: bytes) -> bool:
    """Writes it now; False, and nothing from then on, where nobody reads any more."""
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.EIO):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return False
    return True
