"""Shows examples at each stage: python -m tfm.inspect --experiment=text_cls."""

import dataclasses
import pathlib
import typing
from collections.abc import Mapping

from tfm import config
from tfm import errors
from tfm import files
from tfm.run import folder as run_folder
from tfm.run import look

AUTO = "auto"  # the experiment that chooses


@dataclasses.dataclass(frozen=True)
class Options:
    """python -m tfm.inspect [--experiment=NAME | --run_dir=DIR] [--FIELD=VALUE ...]

    Shows what becomes of rows on their way to the model: raw, cleaned, tokens, ids,
    and the batch, of train with the augmentation of an epoch. Of many rows the
    vocabulary is learnt from a sample; that of a run is its own. Writes nothing but
    --output.
    """

    experiment: str = ""  # a name that --list shows, or the path of a .py file
    run_dir: str = ""  # the folder of a trained run, for its own vocabulary
    # run the code that the folder brings along (as trust_remote_code, safe_mode)
    trust_code: bool = False
    split: typing.Literal["train", "validation", "test"] = "train"
    rows: int = 5  # examples that are shown
    first: int = 0  # place of the first one in the split
    epoch: int = 0  # of training, whose augmentation is shown
    augment: bool = True  # of train: show examples as they are trained on
    output: str = ""  # .png: a sheet of pictures, plain on the left, augmented beside

    def __post_init__(self):
        for name, least in (("rows", 1), ("first", 0), ("epoch", 0)):
            if getattr(self, name) < least:
                raise errors.UserError(
                    f"--{name} takes {least} or more. Got {getattr(self, name)}."
                )
        if self.experiment and self.run_dir:
            raise errors.UserError("Give --experiment or --run_dir, not both.")
        if self.output and pathlib.Path(self.output).suffix != ".png":
            raise errors.UserError(
                f"--output takes the name of a .png file. Got {self.output}."
            )
        if self.output and not pathlib.Path(self.output).parent.is_dir():
            raise errors.UserError(
                f"There is no folder {pathlib.Path(self.output).parent} for --output."
            )


def base_experiment(options: Options):
    """The experiment that the options name, or that of their run."""
    if options.run_dir:
        return run_folder.RunFolder(options.run_dir, options.trust_code).experiment()
    if options.experiment:
        return config.load_experiment(options.experiment)
    return None


def main(options: Options, experiment, changed: Mapping[str, object]) -> None:
    """Shows the examples."""
    from tfm.distribution import quiet_start

    run = None
    if options.run_dir:
        run = run_folder.RunFolder(options.run_dir, options.trust_code)
    is_own = not any(path.startswith("data.") for path in changed)  # the run's data
    experiment = look.at(experiment, run if is_own else None)
    if options.experiment == AUTO:
        from tfm import auto

        experiment = auto.choose(experiment, changed).experiment
    quiet_start.import_tensorflow()
    with files.scratch(experiment.data.__class__.__name__) as scratch:
        prepared = _prepared(options, experiment, run, is_own, scratch)
        _show(options, prepared)


def _prepared(options: Options, experiment, run, is_own: bool, scratch: pathlib.Path):
    """The run.assembly.Prepared, made in a scratch folder."""
    from tfm.preflight import scratch as scratches
    from tfm.preflight import sources
    from tfm.run import assembly

    name, own = options.experiment, config.code_of(experiment)
    if run:
        name = run.saved()["experiment"]
    sample = None
    if not (run and is_own):
        data, sample = sources.sampled(experiment.data, experiment.inputs)
        experiment = dataclasses.replace(experiment, data=data)
    with scratches.state(scratch):
        begun = scratches.begun(scratch, run, name, experiment, own, is_own)
        prepared = assembly.prepare(experiment, begun)
    if sources.is_cut(prepared.left_out, sample):
        size = sum(map(len, prepared.splits.values()))
        learnt = "" if run else ", of which the inputs have learnt"
        print(f"Sample      {size:,} rows{learnt}")
    return prepared


def _show(options: Options, prepared) -> None:
    from tfm.inspection import printed
    from tfm.inspection import sheet
    from tfm.inspection import stages

    if options.split not in prepared.splits:
        raise errors.UserError(
            f"There is no {options.split} split. There are "
            f"{', '.join(prepared.splits)}."
        )
    is_trained = options.split == "train" and options.augment
    place = (options.split, options.first, options.rows)
    found = stages.of(prepared, *place, options.epoch if is_trained else None)
    if not found:
        raise errors.UserError(
            f"The {options.split} split has no example {options.first}."
        )
    how = f"as trained on in epoch {options.epoch}" if is_trained else "as evaluated"
    print(f"Split       {options.split}, {how}")
    tokenizer = getattr(prepared.preprocessor, "tokenizer", None)
    special = tokenizer.config.reserved if tokenizer else ()
    coloured = printed.is_coloured()
    for number, example in enumerate(found, options.first):
        print("", *printed.lines(example, number, special, coloured), sep="\n")
    plain = stages.pictures(prepared, stages.batch(prepared, *place, None))
    if options.output and not plain:
        raise errors.UserError(
            "--output is for inputs that are pictures, [height, width, 1 or 3]. "
            f"Got {', '.join(prepared.preprocessor.specs)}."
        )
    if not plain:
        return
    if not options.output:
        print("\nPictures    --output=FILE.png writes them on a sheet")
        return
    epoch = options.epoch if is_trained else None
    seen = stages.pictures(prepared, stages.batch(prepared, *place, epoch))
    columns = [array for name in plain for array in (plain[name], seen[name])]
    with files.replaced(pathlib.Path(options.output)) as partial:
        partial.write_bytes(sheet.png(columns))
    print(f"\nPictures    {options.output}: plain, and {how}")


if __name__ == "__main__":
    config.run(main, Options, base_experiment)
