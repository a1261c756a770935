"""A scratch folder in place of the run's, which stays as it is."""

import contextlib
import os
import pathlib
import shutil
from collections.abc import Iterator

from tfm.run import folder as run_folder

_STATE = "XDG_STATE_HOME"  # where it is kept which code was trained with


@contextlib.contextmanager
def state(path: pathlib.Path) -> Iterator[None]:
    """A context in which what a training leaves of a user's state goes to a folder."""
    before = os.environ.get(_STATE)
    os.environ[_STATE] = str(path / "state")
    try:
        yield
    finally:
        del os.environ[_STATE]
        if before is not None:
            os.environ[_STATE] = before


def begun(
    path: pathlib.Path,
    run: run_folder.RunFolder | None,
    name: str,
    experiment,
    own,
    with_data: bool = True,
) -> run_folder.RunFolder:
    """A run folder below the path, begun as that of the run would be.

    Of a run that has trained it has all but the checkpoints, by links to its files:
    what is new lands below the path.

    Args:
      path: a scratch folder.
      run: the run's own folder, which is only read; None: there is none.
      name: of the experiment.
      experiment: to be trained.
      own: the user's own code that it is of, if any.
      with_data: whether it has what the run prepared of its data, too.
    """
    found = run_folder.RunFolder(path / "run", trust_code=True)
    found.begin(name or "dry_run", experiment, {}, "current", own)
    if run and run.exists() and run.has_trained():
        for source in (run.preprocessor, run.pretrained, *[run.data] * with_data):
            if source.is_dir():
                target = found.path / source.name
                shutil.copytree(source, target, copy_function=_link)
        for source in (run.vectors, run.frozen, *[run.sources] * with_data):
            if source.is_file():
                shutil.copyfile(source, found.path / source.name)
    return found


def _link(source: str, target: str) -> None:
    pathlib.Path(target).symlink_to(pathlib.Path(source).absolute())
