"""A TensorBoard server over a folder of runs, asked for its data as a browser asks."""

import contextlib
import json
import pathlib
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator


class Server:
    """A running TensorBoard.

    Args:
      port: where it listens.
    """

    def __init__(self, port: int):
        self.address = f"http://127.0.0.1:{port}/"

    def get(self, route: str, **query):
        """The answer of /data/ROUTE, read as JSON where it is."""
        query = f"?{urllib.parse.urlencode(query)}" if query else ""
        return self._read(f"{self.address}data/{route}{query}")

    def post(self, route: str, **body):
        """The answer to a JSON body."""
        request = urllib.request.Request(
            f"{self.address}data/{route}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        return self._read(request)

    def wait_for(self, *runs: str, seconds: float = 90) -> None:
        """Until it has read the runs."""
        stop = time.monotonic() + seconds
        while True:
            with contextlib.suppress(OSError):
                if {*runs} <= {*self.get("runs")}:
                    return
            if time.monotonic() > stop:
                raise TimeoutError(f"TensorBoard did not read {runs}.")
            time.sleep(0.3)

    def _read(self, request):
        with urllib.request.urlopen(request, timeout=60) as answer:
            body = answer.read()
        try:
            return json.loads(body)
        except ValueError:
            return body


@contextlib.contextmanager
def serve(logdir: pathlib.Path) -> Iterator[Server]:
    """The server, as the README's command starts it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tensorboard.main", f"--logdir={logdir}"]
    process = subprocess.Popen(
        [*command, f"--port={port}", "--host=127.0.0.1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield Server(port)
    finally:
        process.terminate()
        process.wait(20)
