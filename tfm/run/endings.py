"""Lines at the end of a training: how it ended, what is left, how to train on."""

import shlex

from tfm.training import early_stopping
from tfm.training import loop


def how(outcome: str, plan: loop.Plan, run, when: str = "") -> str:
    """`finished at step 120; best at step 100 by validation accuracy`."""
    by = early_stopping.chosen_by(plan.best_metric, run.state)
    if outcome == "stopped early":
        when += (
            ", as evaluations in a row without an improvement reached "
            f"train.patience={plan.patience}"
        )
    return (
        f"{outcome} at step {int(run.state.step):,}{when}; "
        f"best at step {int(run.state.best_step):,} by validation {by}"
    )


def train_on(outcome: str, folder, plan: loop.Plan, run) -> str:
    """The command that trains on from the end."""
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
    where = shlex.quote(str(folder.path))
    command = f"python -m tfm.train --run_dir={where} {' '.join(flags)}"
    return f"Train on with  {command}{note}"


def left_to_do(plan: loop.Plan, run) -> str:
    """The first thing when an unfinished run goes on, if not training."""
    if plan.evaluation_is_due(run.state):
        return " Going on begins with its validation."
    if plan.outcome(run.state):
        return " The training is finished; going on makes the final scores."
    return ""
