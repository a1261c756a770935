"""Trains an experiment: python -m tfm.train --experiment=text_cls."""

import dataclasses
import functools
import pathlib
import re
import sys
import typing
from collections.abc import Mapping
from collections.abc import Sequence

from tfm import config
from tfm import console
from tfm import errors
from tfm import files
from tfm import lock
from tfm import progress
from tfm.config import fields
from tfm.run import exit_status
from tfm.run import folder as run_folder
from tfm.run import look
from tfm.run import next_steps
from tfm.training import interrupt

AUTO = "auto"  # the experiment that chooses
Strategy = typing.Literal["auto", "one", "mirrored", "multi_worker", "tpu"]


@dataclasses.dataclass(frozen=True)
class Options:
    """python -m tfm.train --experiment=NAME [--run_dir=DIR] [--FIELD=VALUE ...]

    Trains, evaluates, and leaves a run folder. Run it again to go on where it
    stopped; --run_dir alone is enough for that. With --data.train=FILE alone it
    chooses an experiment for that file (auto).
    """

    experiment: str = ""  # a name that --list shows, or the path of a .py file
    run_dir: str = ""  # where the run is kept; by default runs/EXPERIMENT
    # the experiment's file was changed since the run was begun: go on with the code
    # that the run keeps, or with the current one
    code: typing.Literal["ask", "kept", "current"] = "ask"
    # run the code that the folder brings along (as trust_remote_code, safe_mode)
    trust_code: bool = False
    # a linear SVM over TF-IDF that a classifier's scores stand beside
    reference: typing.Literal["on", "off"] = "on"
    # where it runs; auto goes by the hardware, TF_CONFIG, Slurm and Kubernetes
    # (auto | one | mirrored | multi_worker | tpu)
    strategy: str = "auto"
    logical_devices: int = 0  # cut the CPU into so many devices, to try replicas
    deterministic: bool = False  # the same run twice is equal to the bit; slower
    # preflight: make all checks, one step and one evaluation batch, tell every mistake,
    # memory and time on one page, and stop; nothing is left behind
    dry_run: bool = False
    # print only warnings, errors, how it ended, the scores and the run folder: no
    # progress, nothing on what is read and built, no validation on the way, no next
    # steps
    quiet: bool = False
    # FIRST,LAST: trace these updates with TensorFlow's profiler, for TensorBoard
    profile: tuple[int, ...] = ()

    def __post_init__(self):
        if self.strategy == "parameter_server":
            raise errors.UserError(
                "--strategy=parameter_server is left out on purpose: its asynchronous "
                "updates cannot give the result of one device. Use multi_worker."
            )
        fields.Field("strategy", Strategy, "auto", "").parse(self.strategy)
        check_profile(self.profile)


def check_profile(profile: Sequence[int]) -> None:
    """Raises UserError unless it is empty, or the first and the last update."""
    if profile and not (len(profile) == 2 and 1 <= profile[0] <= profile[1]):
        raise errors.UserError(
            "--profile takes the first and the last update, as 10,20. "
            f"Got {','.join(map(str, profile))}."
        )


def base_experiment(options: Options):
    """The experiment that the options name, or that lies in their run folder."""
    options = _named(options)
    if options.experiment == AUTO:
        return config.load_experiment(AUTO)
    folder = _folder(options)
    if options.experiment and not (options.code == "kept" and folder.exists()):
        return config.load_experiment(options.experiment)
    if options.run_dir or options.experiment:
        if not folder.exists():
            raise errors.UserError(
                f"There is no run in {folder.path} to go on with. "
                "Give --experiment=NAME to begin one; --list shows them all."
            )
        return folder.experiment()
    return None


def main(options: Options, experiment, changed: Mapping[str, object]) -> int:
    name = _named(options).experiment
    source = ""
    if name == AUTO:
        folder = _auto_folder(options, experiment)
        experiment, source = _chosen(experiment, changed, folder)
    else:
        folder = _folder(options)
        experiment = look.ahead(experiment, folder)
    job = None
    progress.speaks(not look.may_be_several())  # until the job says who does
    if not look.may_be_several():
        console.tell(f"Starting    {pathlib.Path(name).stem or folder.path}")
    with interrupt.AtOnce() as asked:  # the loop has its own, which saves first
        try:
            job = start_job(options)
            if job.is_chief:
                folder.claim()
            with lock.RunLock(folder.path, job.is_chief):
                if job.is_chief:
                    experiment = look.by_chief(experiment, folder)
                    own = config.own_code_of(name)
                    resumes = folder.begin(name, experiment, changed, options.code, own)
                    if source:
                        folder.source.write_text(source, encoding="utf-8")
                    job.say(folder.opening(resumes))
                with progress.phase("Loading Keras"):
                    from tfm.run import fit

                compare = options.reference == "on"
                ended = fit.fit(
                    experiment,
                    folder,
                    job,
                    with_reference=compare,
                    profile=options.profile,
                )
                outcome = ended.name
        except BaseException as error:
            if asked.requested is None:
                return exit_status.failed(error, folder)
            outcome, ended = asked.outcome, None
            print(f"{outcome.capitalize()}; {exit_status.what_is_saved(folder)}.")
    if job is None or job.is_chief:
        if outcome in exit_status.UNFINISHED and folder.exists():
            command = next_steps.command("train", folder.path)
            print(f"Go on with  {command}")
        elif ended:
            _print_scores(ended.scores, folder, ended.usage)
            print(*ended.notes, sep="\n", end="\n" if ended.notes else "")
    return exit_status.UNFINISHED.get(outcome, 0)


def _named(options: Options) -> Options:
    """With auto as the experiment where a file to train on is all that is given."""
    given = {argument.partition("=")[0] for argument in sys.argv}
    if options.experiment or "--data.train" not in given:
        return options
    if options.run_dir and run_folder.RunFolder(options.run_dir).exists():
        return options  # that run goes on
    return dataclasses.replace(options, experiment=AUTO)


def _auto_folder(options: Options, experiment) -> run_folder.RunFolder:
    """The folder of what auto trains: runs/ and the file's stem by default."""
    name = pathlib.PurePath(experiment.data.train.partition("#")[0]).name
    stem = re.sub(r"[^\w-]+", "_", name.partition(".")[0]).strip("_") or AUTO
    default = pathlib.Path("runs") / stem
    return run_folder.RunFolder(options.run_dir or default, options.trust_code)


def _chosen(experiment, changed: Mapping[str, object], folder: run_folder.RunFolder):
    """The experiment that auto chooses, and its file; or that of the run there."""
    if look.may_be_several():
        raise errors.UserError(
            "auto chooses in one process. Give several the file that it writes: "
            "--experiment=RUN_DIR/experiment.py."
        )
    if folder.exists() and folder.has_trained():
        return fields.override(folder.experiment(), changed), ""
    from tfm.auto import source

    choice = _choice(look.at(experiment), changed)
    console.tell(*choice.lines)
    first_line = f"Chosen by auto for {experiment.data.train}."
    return choice.experiment, source.of(choice.experiment, first_line)


def _choice(experiment, changed: Mapping[str, object]):
    """The auto.Choice for an experiment whose data was looked at."""
    from tfm import auto

    return auto.choose(experiment, changed)


def _folder(options: Options) -> run_folder.RunFolder:
    path = pathlib.Path(options.experiment)
    stem = path.stem
    if path.parts[1:] and stem == pathlib.Path(run_folder.SOURCE).stem:
        stem = f"{path.parent.name}_2"  # the file that auto wrote into a run's folder
    default = pathlib.Path("runs") / stem
    return run_folder.RunFolder(options.run_dir or default, options.trust_code)


def start_job(options: Options):
    """The distribution.job.Job that the options ask for; imports TensorFlow."""
    if options.logical_devices < 0:
        raise errors.UserError(
            f"--logical_devices takes 0 or more. Got {options.logical_devices}."
        )
    from tfm.distribution import quiet_start

    quiet_start.import_tensorflow()
    from tfm.distribution import job

    return job.Job(options.strategy, options.logical_devices, options.deterministic)


def _print_scores(scores: dict, folder: run_folder.RunFolder, usage: str) -> None:
    """Prints the scores, where the run is, and what to do with it."""
    from tfm.callbacks import score_tables

    score_tables.print_scores(scores)
    print(f"\n{'Run folder':11}  {folder.path}")
    asked = ("evaluate", "use", "tensorboard", "report")
    next_steps.tell(folder, usage, *asked)


def dry_run(
    options: Options, experiment, changed: Mapping[str, object], mistakes: list[str]
) -> int:
    """The preflight: one page, and 0 where the training would start, else 2."""
    from tfm.preflight import checklist
    from tfm.preflight import dry_run as preflight

    if look.may_be_several():
        raise errors.UserError(
            "--dry_run looks in one process. Start it in none of a job."
        )
    name = _named(options).experiment
    is_auto = name == AUTO and experiment is not None
    folder = _auto_folder(options, experiment) if is_auto else _folder(options)
    if is_auto and folder.exists() and folder.has_trained():
        experiment, is_auto = fields.override(folder.experiment(), changed), False
    with files.scratch("a dry run") as scratch:
        training = checklist.Training(
            run=folder,
            name=name,
            code=options.code,
            own=None if experiment is None else config.own_code_of(name),
            choose=functools.partial(_choice, changed=changed) if is_auto else None,
            start=functools.partial(start_job, options),
            scratch=scratch,
        )
        return preflight.run(experiment, changed, mistakes, training)


if __name__ == "__main__":
    config.run(main, Options, base_experiment, dry_run=dry_run)
