"""Training and inference from Python: fit, load, load_experiment.

import tfm

run = tfm.fit(tfm.load_experiment("text_cls", **{"train.steps": 100}), "runs/mine")
run.predict("A moving film.")
"""

import contextlib
import pathlib
import random
import threading
import time
from collections.abc import Iterator
from collections.abc import Sequence

from tfm import config
from tfm import console
from tfm import errors
from tfm import lock
from tfm import progress
from tfm.config import fields
from tfm.run import exit_status
from tfm.run import folder as run_folder
from tfm.run import look
from tfm.run import trained

_TURN = threading.Lock()  # one training of a process at a time
_NO_SEED = 87654321  # what TensorFlow gives where no seed was set


def load_experiment(name: str, **changes):
    """An experiment by name, or the path of its file, with other values of fields.

        tfm.load_experiment("text_cls", **{"train.steps": 100, "model.width": 32})
        tfm.load_experiment("auto", **{"data.train": "reviews.csv"})

    auto looks at the data, prints what it chooses and why, and returns that.

    Args:
      name: as `python -m tfm train --list` has it, or the path of a .py file.
      **changes: {path of a field: value}, as on the command line; texts are read as
        there.

    Raises:
      UserError: there is no such experiment, field or value.
    """
    experiment = config.load_experiment(name)
    leaves = {leaf.path: leaf for leaf in fields.leaves(experiment)}
    parsed = {
        path: leaves[path].parse(value)
        if isinstance(value, str) and path in leaves
        else value
        for path, value in changes.items()
    }
    experiment = fields.override(experiment, parsed)
    if name != "auto":
        return experiment
    from tfm import auto

    choice = auto.choose(look.at(experiment), parsed)
    console.tell(*choice.lines)
    return choice.experiment


def fit(
    experiment,
    run_dir: str | pathlib.Path | None = None,
    callbacks: Sequence[object] = (),
    *,
    strategy: str = "auto",
    logical_devices: int = 0,
    code: str = "ask",
    trust_code: bool = False,
    reference: bool = True,
    profile: Sequence[int] = (),
    quiet: bool = False,
) -> trained.Trained:
    """Trains an experiment, or goes on with its run; the trained run.

    What is there afterwards is the same as that of `python -m tfm train`. From any
    thread; a second call waits for the first. Dtype policy and seeds are put back.

    Args:
      experiment: a tfm.experiment.Experiment.
      run_dir: the run's folder, where training goes on; by default a new one in runs.
      callbacks: objects with any of training.loop.Callback's methods.
      strategy: auto, one, mirrored, multi_worker or tpu.
      logical_devices: cut the CPU into so many devices, to try replicas.
      code: where the experiment's own code was changed since: kept, current, or ask,
        which is an error that says so.
      trust_code: run the code that a folder brings along, as of `load`.
      reference: fit a linear SVM over TF-IDF beside a classifier.
      profile: the first and the last update to trace for TensorBoard, if any.
      quiet: print only warnings and how it ended; show no progress.

    Raises:
      UserError: what in the data or the fields keeps it from training.
      KeyboardInterrupt: Ctrl-C; all is saved, and the same call goes on.
    """
    path = pathlib.Path(run_dir or f"runs/fit-{time.strftime('%Y%m%d-%H%M%S')}")
    folder = run_folder.RunFolder(path, trust_code)
    experiment = look.ahead(experiment, folder)
    progress.speaks(not look.may_be_several())  # until the job says who does
    with _TURN, _quiet(quiet), progress.phase("Fitting"), _globals_put_back():
        from tfm.distribution import job as jobs
        from tfm.run import fit as fits

        job = jobs.Job(strategy, logical_devices)
        if job.is_chief:
            folder.claim()
        with lock.RunLock(folder.path, job.is_chief, "run_dir"):
            if job.is_chief:
                experiment = look.by_chief(experiment, folder)
                name = folder.saved()["experiment"] if folder.exists() else path.name
                own = config.code_of(experiment)
                resumes = folder.begin(name, experiment, {}, code, own)
                for told in (folder.opening(resumes), *config.only_here(experiment)):
                    job.say(told)
            outcome = fits.fit(experiment, folder, job, callbacks, reference, profile)
        for line in outcome.notes:
            job.say(line, is_result=True)
        if outcome.name in exit_status.UNFINISHED:
            raise KeyboardInterrupt("all is saved; the same call goes on")
        return trained.load(str(folder.path), trust_code=True)


def load(
    run_dir: str | pathlib.Path, checkpoint: str = "best", trust_code: bool = False
) -> trained.Trained:
    """A trained run, from its folder alone; see run.trained.load.

    Args:
      run_dir: the folder.
      checkpoint: "best", or "last" for the newest.
      trust_code: run the code that the folder brings along, though the run was not
        trained by this user on this machine (as trust_remote_code, safe_mode).

    Raises:
      UserError: no run there, or it brings code along that nobody trusts.
    """
    if not isinstance(run_dir, str | pathlib.Path):
        raise errors.UserError(f"run_dir must be a path. Got {run_dir!r}.")
    with _globals_put_back():
        return trained.load(str(run_dir), checkpoint, trust_code)


@contextlib.contextmanager
def _quiet(is_quiet: bool) -> Iterator[None]:
    """Facts are kept back within, if it is so."""
    before = console.is_quiet()
    console.be_quiet(is_quiet or before)
    try:
        yield
    finally:
        console.be_quiet(before)


@contextlib.contextmanager
def _globals_put_back() -> Iterator[None]:
    """The dtype policy, and the seeds of Python, NumPy and TensorFlow, as before."""
    from tfm.distribution import quiet_start

    quiet_start.import_tensorflow()
    import keras
    import numpy as np
    import tensorflow as tf

    policy = keras.config.dtype_policy()
    states = random.getstate(), np.random.get_state()
    seed, _ = tf.compat.v1.get_seed(0)  # with a seed of its own it draws none
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)
        random.setstate(states[0])
        np.random.set_state(states[1])
        tf.random.set_seed(None if seed == _NO_SEED else seed)
