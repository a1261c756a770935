"""Imports TensorFlow without the notes it writes on every start."""

import contextlib
import os
import re
import signal
import sys
import tempfile
import warnings

from tfm import progress

# What every start on a machine without a GPU says; all else is passed on.
_NOTES = re.compile(
    "All log messages before absl::InitializeLog"
    "|oneDNN custom operations are on"
    "|Could not find cuda drivers"
    "|failed call to cuInit"
    "|This TensorFlow binary is optimized"
    "|To enable the following instructions"
)


def import_tensorflow() -> None:
    """Imports TensorFlow and finds its devices; other messages still appear.

    A Ctrl-C takes effect after it.
    """
    # of tqdm, which keras_nlp brings, in notebooks without widgets
    warnings.filterwarnings("ignore", message="IProgress not found")
    if "tensorflow" in sys.modules:
        return
    with progress.phase("Loading TensorFlow"):
        _import()


def _import() -> None:
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as notes, _interrupts_held():
        os.dup2(notes.fileno(), 2)
        try:
            import tensorflow as tf

            tf.config.list_physical_devices()
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            notes.seek(0)
            for line in notes.read().decode(errors="replace").splitlines():
                if not _NOTES.search(line):
                    print(line, file=sys.stderr)


@contextlib.contextmanager
def _interrupts_held():
    """A Ctrl-C within comes at the end: imports can swallow a KeyboardInterrupt."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
