"""Set-up of every test: Ctrl-C, quiet TensorFlow; a finished run for who asks."""

import os
import pathlib
import signal
import tempfile

# A shell without job control starts what goes to the background with Ctrl-C ignored,
# and so would be all processes that tests start: they send it. Those get the default.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which nohup has ignored
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

# where tfm keeps which code it trained with, and rows: nothing of a test stays
_STATE = tempfile.TemporaryDirectory(prefix="tfm_tests_state_")
os.environ["XDG_STATE_HOME"] = os.environ["XDG_CACHE_HOME"] = _STATE.name

import pytest  # noqa: E402

from tests.support import reviews  # noqa: E402


@pytest.fixture(scope="session")
def run(tmp_path_factory) -> pathlib.Path:
    """A finished run on 240 reviews."""
    base = tmp_path_factory.mktemp("base")
    source = reviews.write_csv(base / "reviews.csv")
    assert (
        reviews.start(reviews.experiment(source), base / "run", "text_cls")
        == "finished"
    )
    return base / "run"
