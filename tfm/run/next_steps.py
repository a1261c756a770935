"""Commands to go on with: the last lines of a command."""

import pathlib
import shlex

from tfm import console
from tfm.run import folder as run_folder


def tell(
    folder: run_folder.RunFolder, usage: str, *steps: str, to_error: bool = False
) -> None:
    """Tells commands to go on with.

    Args:
      folder: of the run.
      usage: an objective's, as 'predict --text="..."'.
      steps: some of evaluate, new_data (a labelled file), use, use_file, tensorboard
        and report, in the order to be told.
      to_error: on standard error, where standard output has the results.
    """
    verb, _, flags = usage.partition(" ")
    of_file = "--input=FILE --output=FILE.csv"
    lines = {
        "evaluate": ("Evaluate", command("evaluate", folder.path)),
        "new_data": ("Evaluate", command("evaluate", folder.path, "--data=FILE")),
        "use": (verb.capitalize(), command(verb, folder.path, flags)),
        "use_file": (verb.capitalize(), command(verb, folder.path, of_file)),
        "tensorboard": ("TensorBoard", _tensorboard(folder)),
        "report": ("Report", command("report", folder.path)),
    }
    for name, line in map(lines.__getitem__, steps):
        console.tell(f"{name:11}  {line}", to_error=to_error)


def train_on(outcome: str, folder, plan, run) -> str:
    """The command that trains on from the end.

    Args:
      outcome: "finished" or "stopped early".
      folder: of the run.
      plan: a loop.Plan.
      run: a trainer.Trainer.
    """
    train = run.prepared.experiment.train
    step = int(run.state.step)
    flags, note = [], ""
    if outcome == "stopped early":
        flags.append(f"--train.patience={2 * int(run.state.since_best)}")
        note = "  (or none: never stop early)"
    if step >= plan.total_steps:
        by_steps = train.steps is not None or step > plan.total_steps
        more = f"steps={2 * step}" if by_steps else f"epochs={2 * train.epochs:g}"
        if train.is_extended(len(run.prepared.training_examples)):
            more = f"min_steps={2 * step}"
        flags.append(f"--train.{more}")
    return f"Train on with  {command('train', folder.path, *flags)}{note}"


def command(name: str, run_dir: pathlib.Path | str, *flags: str) -> str:
    """`python -m tfm.NAME --run_dir=DIR FLAGS`, as a shell takes it."""
    where = f"--run_dir={shlex.quote(str(run_dir))}"
    return " ".join(["python -m", f"tfm.{name}", where, *filter(None, flags)])


def _tensorboard(folder: run_folder.RunFolder) -> str:
    """Of the folder of the runs, which TensorBoard compares; or of this one alone."""
    above = folder.path.parent
    where = folder.events if above == pathlib.Path() else above
    return f"python -m tensorboard.main --logdir={shlex.quote(str(where))}"
