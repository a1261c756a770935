"""What every test gets: quiet TensorFlow; and a finished run, for those that ask."""

import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

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
