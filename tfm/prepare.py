"""Prepares a corpus: python -m tfm.prepare --experiment=NAME."""

import dataclasses
import functools
import pathlib
import shlex
import sys
import time
from collections.abc import Mapping
from collections.abc import Sequence

from tfm import config
from tfm import console
from tfm import errors
from tfm import interfaces
from tfm import progress
from tfm.config import fields
from tfm.run import assembly
from tfm.run import look


@dataclasses.dataclass(frozen=True)
class Options:
    """python -m tfm.prepare --experiment=NAME [--store=DIR] [--FIELD=VALUE ...]

    Cleans, splits and tokenizes the corpus of an experiment into a store that runs
    share. Run it again to go on where it stopped. With --beam it is a pipeline of
    Apache Beam; what follows -- are Beam's own flags.
    """

    experiment: str = ""  # a name that --list shows, or the path of a .py file
    store: str = ""  # where the store is kept; by default stores/EXPERIMENT
    beam: bool = False  # prepare with Apache Beam, on the runner that its flags name
    verify: bool = False  # read the whole store and compare its checksums
    # print only warnings, errors, what is left out and where the store is: no progress,
    # nothing on what was read, no next step
    quiet: bool = False


def base_experiment(options: Options):
    """The experiment that the options name."""
    return config.load_experiment(options.experiment) if options.experiment else None


def main(
    options: Options,
    experiment,
    changed: Mapping[str, object],
    beam_flags: Sequence[str] = (),
) -> int:
    if "store" not in {field.name for field in dataclasses.fields(experiment.data)}:
        raise errors.UserError(
            f"tfm.prepare makes a store that runs share, which data.Corpus has. "
            f"data.{type(experiment.data).__name__} is prepared by training itself."
        )
    if beam_flags and not options.beam:
        raise errors.UserError(
            f"What follows -- is for Beam: give --beam too. Got {beam_flags[0]}."
        )
    experiment = look.at(experiment)
    started = time.monotonic()
    stem = pathlib.Path(options.experiment).stem
    folder = options.store or experiment.data.store or str(pathlib.Path("stores", stem))
    console.tell(f"Preparing   {folder}")
    dataset = _dataset(experiment, folder, beam_flags if options.beam else None)
    there = dataset.is_finished
    preprocessor = assembly.preprocessor_of(experiment, dataset)
    splits = dataset.encode(preprocessor, pathlib.Path(folder))
    console.tell(*dataset.summary())
    left_out = dataset.left_out() if isinstance(dataset, interfaces.LeavesOut) else ()
    seconds = time.monotonic() - started
    did = "Unchanged  " if there else f"Prepared in {seconds:.0f} s "
    print("", *(f"Left out    {line}" for line in left_out), sep="\n")
    print(f"{did} {folder}")
    if options.verify:
        with progress.phase("Verifying"):
            for split in splits.values():
                split.verify()
        print(f"Verified    {folder}: all checksums are right")
    kept = {path: value for path, value in changed.items() if path != "data.store"}
    kept["data.store"] = folder
    flags = [f"--{path}={fields.show(value)}" for path, value in kept.items()]
    command = ["python", "-m", "tfm.train", f"--experiment={options.experiment}"]
    console.tell(f"Train       {shlex.join(command + flags)}")
    return 0


def _dataset(experiment, folder: str, beam_flags: Sequence[str] | None):
    """The data with its store in the folder, prepared with Beam if it has flags."""
    config = dataclasses.replace(experiment.data, store=folder)
    if beam_flags is None:
        return config.prepare(pathlib.Path(folder))
    from tfm.data.corpora import beam_preparation

    return config.prepare(pathlib.Path(folder), beam_preparation.Beam(beam_flags))


def _run() -> None:
    beam_flags = []
    if "--" in sys.argv:
        place = sys.argv.index("--")
        beam_flags = sys.argv[place + 1 :]
        del sys.argv[place:]
    config.run(functools.partial(main, beam_flags=beam_flags), Options, base_experiment)


if __name__ == "__main__":
    _run()
