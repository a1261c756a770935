"""Follows a run while it trains: scores each new checkpoint, beside the training."""

import dataclasses
import pathlib
import time
from collections.abc import Callable
from collections.abc import Iterator

from tfm import console
from tfm import errors
from tfm.run import folder as run_folder
from tfm.run import trained

TRIES = 5  # looks in a row that may fail before the failure is told


def watch(
    run_dir: str,
    name: str,
    scorer: Callable[[trained.Trained], Callable[[], dict[str, float]]],
    every: float = 2.0,
    timeout: float | None = None,
    trust_code: bool = False,
) -> None:
    """Scores every new checkpoint of `last` until the training is finished.

    Prints a line for each, and writes its metrics to events/watch/NAME of the run.
    Checkpoints that come and go while another one is scored are passed over.

    Args:
      run_dir: the run's folder, which need not be there yet.
      name: of what is scored, such as a split.
      scorer: from the run, once, to what returns the metrics of its present weights.
      every: seconds between two looks.
      timeout: stop after so many seconds without a new checkpoint; None: never.
      trust_code: as of trained.load.

    Raises:
      UserError: no folder is given, or what lies there cannot be evaluated.
    """
    if not run_dir:
        raise errors.UserError("Give --run_dir=DIR, the folder of a run.")
    folder = run_folder.RunFolder(run_dir, trust_code)
    if not _wait_for_the_first(folder, every, timeout):
        print(f"No checkpoint in {timeout:g} s.", flush=True)
        return
    run = _load(folder, every, trust_code)
    score = scorer(run)

    import tensorflow as tf

    from tfm.callbacks import tags
    from tfm.callbacks import training_progress
    from tfm.checkpoints import checkpoints

    best_metric = run.experiment.train.best_metric
    newest = folder.checkpoints / "last"
    writer = tf.summary.create_file_writer(str(folder.events / "watch" / name))
    try:
        for step in new_steps(
            newest,
            lambda: checkpoints.restore_weights(run.model, newest),
            folder.finished.is_file,
            every,
            timeout,
        ):
            metrics = score()
            line = training_progress.scores_line(step, name, metrics, best_metric)
            print(line, flush=True)
            with writer.as_default(step=step):
                for tag, value in tags.shown(metrics).items():
                    tf.summary.scalar(tag, value)
            writer.flush()
    finally:
        writer.close()


def new_steps(
    folder: pathlib.Path,
    restore: Callable[[], int | None],
    is_over: Callable[[], bool],
    every: float,
    timeout: float | None,
) -> Iterator[int]:
    """Yields each newer step, its weights restored, until no other can come.

    Args:
      folder: of the checkpoints; `restore` is called when something in it changed.
      restore: loads the newest one and returns its step, or None where there is none.
        It may fail where one is removed or replaced while it is read.
      is_over: whether the training is finished.
      every: seconds between two looks.
      timeout: as of `watch`.
    """
    newest, seen, failures = -1, None, 0
    since = time.monotonic()
    while True:
        over = is_over()  # asked first: what lies there now is then the last
        listing = _listing(folder)
        if listing == seen:
            if over:
                print("The training is finished.", flush=True)
                return
        else:
            try:
                step = restore()
                seen, failures = listing, 0
            except Exception:
                failures += 1
                if failures == TRIES:
                    raise
                step = None
            # after a step back, the steps that come again are not new
            if step is not None and step > newest:
                newest = step
                yield step
                since = time.monotonic()
                continue
        if timeout is not None and time.monotonic() - since >= timeout:
            print(f"No new checkpoint in {timeout:g} s.", flush=True)
            return
        time.sleep(every)


def _wait_for_the_first(
    folder: run_folder.RunFolder, every: float, timeout: float | None
) -> bool:
    """Whether there is a checkpoint before the time is out."""
    started = time.monotonic()
    told = False
    while not (folder.exists() and folder.is_prepared() and folder.has_trained()):
        if not told:
            console.tell(f"Waiting for the first checkpoint in {folder.path}")
            told = True
        if timeout is not None and time.monotonic() - started >= timeout:
            return False
        time.sleep(every)
    return True


def _load(
    folder: run_folder.RunFolder, every: float, trust_code: bool
) -> trained.Trained:
    """The run with the weights of any checkpoint."""
    folder.experiment()  # a mistake in it is told at once
    for tries_left in reversed(range(TRIES)):
        try:
            run = trained.load(str(folder.path), trust_code=trust_code)
            # without what was fitted for this checkpoint: other weights will come
            raw = run.experiment.task.bind(run.columns, run.preprocessor)
            return dataclasses.replace(run, objective=raw)
        except Exception:  # a checkpoint was replaced while it was read
            if not tries_left:
                raise
            time.sleep(every)
    raise AssertionError("not reached")


def _listing(folder: pathlib.Path) -> list[tuple[str, int]]:
    """Names and times, which change with every checkpoint that comes or goes."""
    found = []
    for path in folder.glob("*"):
        try:
            found.append((path.name, path.stat().st_mtime_ns))
        except FileNotFoundError:  # it has just gone
            continue
    return sorted(found)
