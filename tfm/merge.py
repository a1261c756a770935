"""Merges a run's adapters: python -m tfm.merge --run_dir=runs/a --output=runs/b."""

import dataclasses

from tfm import config
from tfm import console
from tfm import errors
from tfm import progress
from tfm.run import assembly
from tfm.run import folder as run_folder
from tfm.run import next_steps
from tfm.run import trained


@dataclasses.dataclass(frozen=True)
class Options:
    """python -m tfm.merge --run_dir=DIR --output=DIR

    Adds the adapters of a run trained with --adapt.lora_rank to the weights that they
    are of. What comes is a run without adapters that answers the same.
    """

    run_dir: str = ""  # the folder of a trained run
    # run the code that the folder brings along (as trust_remote_code, safe_mode)
    trust_code: bool = False
    output: str = ""  # the folder of the merged run, which must not be there yet
    # print only warnings, errors, what was merged and where it is: no progress, no next
    # steps
    quiet: bool = False


def main(options: Options) -> int:
    if not options.output:
        raise errors.UserError("Give --output=DIR, the folder of the merged run.")
    if run_folder.RunFolder(options.run_dir).exists():
        console.tell(f"Loading     {options.run_dir}")
    run = trained.load(options.run_dir, trust_code=options.trust_code)
    if run.experiment.adapt.lora_rank is None:
        raise errors.UserError(
            f"{run.folder.path} has no adapters: it was trained without "
            "--adapt.lora_rank."
        )
    from tfm.adaptation import lora

    adapted = run.model.count_params()
    lora.merge(run.model)
    output = run_folder.RunFolder(options.output)
    experiment = _without_adapters(run.experiment)
    run.folder.copy_to(output, experiment)
    with progress.phase("Saving"):
        _save(run, experiment, output)
    output.mark_finished("merged", run.step)
    what = f"{run.folder.path}, step {run.step:,}"
    print(f"{'Merged':11}  {what}: {adapted:,} -> {run.model.count_params():,} weights")
    print(f"{'Run folder':11}  {output.path}")
    next_steps.tell(output, run.objective.usage, "evaluate", "use")
    return 0


def _without_adapters(experiment):
    """The experiment of the merged run. Its averages over steps are the weights now."""
    return dataclasses.replace(
        experiment,
        optimizer=dataclasses.replace(experiment.optimizer, ema=None),
        adapt=dataclasses.replace(experiment.adapt, lora_rank=None),
    )


def _save(run, experiment, output: run_folder.RunFolder) -> None:
    """Writes a checkpoint of the merged weights, with an optimizer that begins anew."""
    from tfm.checkpoints import checkpoints
    from tfm.training import precision

    model = assembly.build_model(experiment, run.objective, output.pretrained)
    values = {variable.path: variable for variable in run.model.weights}
    for variable in model.weights:
        variable.assign(values[variable.path])
    optimizer = experiment.optimizer.build(max(run.step, 1), model, experiment.adapt)
    scale = precision.LossScale(experiment.train.dtype == "mixed_float16")
    state = checkpoints.Checkpoints(
        output.checkpoints,
        model,
        optimizer,
        experiment.train.keep_checkpoints,
        extra=scale.variables,
    )
    with state:
        state.step.assign(run.step)
        best = run.folder.checkpoints / "best"
        if run.step in checkpoints.steps(best):  # what later steps must surpass
            for name, value in checkpoints.read_best(best, run.step).items():
                getattr(state, name).assign(value)
        state.save_best()
        state.save()


if __name__ == "__main__":
    config.run(main, Options)
