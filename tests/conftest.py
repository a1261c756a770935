"""What every test gets: quiet TensorFlow; and a finished run, for those that ask."""

import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import pytest  # noqa: E402

from tests import reviews  # noqa: E402


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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Has one process run the tests that share what is made once for a module."""
    for item in items:
        found = item._fixtureinfo.name2fixturedefs.values()
        if any(
            made.scope == "module" for made_by_name in found for made in made_by_name
        ):
            item.add_marker(pytest.mark.xdist_group(item.module.__name__))
