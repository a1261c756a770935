"""Lines at the end of a training: how it ended, and what is left."""

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


def left_to_do(plan: loop.Plan, run) -> str:
    """The first thing when an unfinished run goes on, if not training."""
    if plan.evaluation_is_due(run.state):
        return " Going on begins with its validation."
    if plan.outcome(run.state):
        return " The training is finished; going on makes the final scores."
    return ""
