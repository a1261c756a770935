"""Assembly of an experiment: preprocessor, splits, objective, batches and model.

Training, loading, merging, evaluation and prediction all put a run together here, and
none of it knows which kind of work the run does.
"""

import dataclasses
import functools
import itertools
import pathlib
from collections.abc import Mapping

from tfm import errors
from tfm import experiment as experiments
from tfm import files
from tfm import interfaces
from tfm import progress
from tfm.run import folder as run_folder
from tfm.run import warm_start
from tfm.run import word_vectors


@dataclasses.dataclass(frozen=True)
class Prepared:
    """An experiment over its data; made by `prepare`.

    Attributes:
      preprocessor: fitted on the training split, or taken from where the run begins.
      columns: of the data besides the preprocessor's, by name.
      splits: train, validation and test, encoded.
      objective: the task bound to these columns and this preprocessor.
      summary: lines for a human: what was read, dropped and kept.
      left_out: lines to say at the end: what was not used, and why.
    """

    experiment: experiments.Experiment
    preprocessor: interfaces.Preprocessor
    columns: Mapping[str, interfaces.Column]
    splits: Mapping[str, interfaces.Split]
    objective: interfaces.Objective
    summary: list[str]
    left_out: list[str]

    @functools.cached_property
    def training_examples(self) -> interfaces.Examples:
        return self.objective.examples(self.splits["train"], "train")

    def training_batches(self, first: int, worker: int = 0, num_workers: int = 1):
        """An endless tf.data.Dataset that begins with batch number `first`.

        Given several workers, it has this one's part of each batch.
        """
        from tfm.data import batches

        settings = self.experiment.train
        return batches.training(
            self.training_examples,
            batch_size=settings.batch_size,
            seed=settings.seed,
            first_step=first,
            worker=worker,
            num_workers=num_workers,
            graph=self.preprocessor.graph(),
            stored=self.preprocessor.stored,
        )

    def batch_origins(self, number: int) -> list[str]:
        """FILE:LINE of each example in batch `number`."""
        rows = next(iter(self.training_batches(number)))["row"].numpy()
        return self.splits["train"].origins(rows)


def prepare(e: experiments.Experiment, folder: run_folder.RunFolder) -> Prepared:
    """Reads, splits and encodes the data, or finds it done.

    The preprocessor is fitted on the training split alone, or is the run's own, that
    of the weights that training begins with, or that of the data's store.

    Raises:
      UserError: what in the data, or in fields that depend on it, is wrong.
    """
    dataset = e.data.prepare(folder.data)
    preprocessor = preprocessor_of(e, dataset, folder.preprocessor)
    keep_shape(e, folder.pretrained)
    splits = dataset.encode(preprocessor, folder.data)
    _check_sources(dataset.sources, folder)
    word_vectors.keep(e, preprocessor, splits["train"], folder)
    objective = e.task.bind(dataset.columns, preprocessor)
    folder.save_columns(dataset.columns)
    leaves_out = isinstance(dataset, interfaces.LeavesOut)
    prepared = Prepared(
        e,
        preprocessor,
        dataset.columns,
        splits,
        objective,
        dataset.summary(),
        dataset.left_out() if leaves_out else [],
    )
    check_best_metric(e.train.best_metric, dataset.columns)
    if not len(objective.examples(splits["validation"], "evaluate")):
        raise errors.UserError(
            "The validation split is empty, so the best checkpoint cannot be picked. "
            "Give --data.validation=FILE or a larger --data.validation_fraction."
        )
    return prepared


def preprocessor_of(
    e: experiments.Experiment,
    dataset: interfaces.Dataset,
    kept: pathlib.Path | None = None,
) -> interfaces.Preprocessor:
    """The preprocessor of an experiment, saved in the folder `kept`.

    It is what lies there, else that of the run in adapt.init_from, else that of the
    data's store; else it is fitted.

    Raises:
      UserError: what was found is not what the experiment's inputs stand for.
    """
    inputs = inputs_of(e)
    if kept and kept.is_dir():
        return inputs.load(kept)
    found = warm_start.preprocessor(e) or dataset.preprocessor
    if found:
        made = inputs.load(found)
    else:
        rows = dataset.training_rows()
        if isinstance(inputs, interfaces.OutOfFold):
            held_out = getattr(dataset, "held_out_rows", tuple)()
            rows = itertools.chain(rows, held_out)
        with progress.phase("Fitting the preprocessor"):
            made = inputs.fit(rows, e.task.reserves(e.inputs))
    if kept:
        with files.whole(kept) as partial:
            made.save(partial)
    return made


def inputs_of(e: experiments.Experiment) -> interfaces.Inputs:
    """The experiment's inputs; fields that follow the model's are filled in."""
    if isinstance(e.inputs, interfaces.FollowsModel):
        return e.inputs.of(e.model)
    return e.inputs


def keep_shape(e: experiments.Experiment, folder: pathlib.Path) -> None:
    """Writes the shape of a published model to a run's folder, where there is one."""
    if isinstance(e.model, interfaces.Preset):
        e.model.kept_in(folder)


def build_model(
    e: experiments.Experiment,
    objective: interfaces.Objective,
    kept: pathlib.Path | None = None,
):
    """The keras.Model: the experiment's backbone under the task's head.

    What `adapt` freezes is frozen, and adapters are where it asks for them.

    Args:
      e: the experiment.
      objective: its task, bound.
      kept: the run's folder for the shape of a published model, which then needs
        its preset no more.

    Raises:
      UserError: the model does not take what the task gives, or give what it reads.
    """
    config = e.model
    if kept is not None and isinstance(config, interfaces.Preset):
        config = config.kept_in(kept)
    backbone = config.build(objective.inputs)
    experiments.check_built(e, backbone)
    model = objective.head(backbone)
    e.adapt.apply(model, backbone)
    return model


def _check_sources(sources: Mapping[str, str], folder: run_folder.RunFolder) -> None:
    """Whether the data is of the files with which the run began.

    data/ may have been removed, and made again of another file of the same name: the
    splits would be others, and former test rows trained on.
    """
    if not folder.sources.is_file():
        files.write_json(folder.sources, dict(sources))
        return
    kept = files.read_json(folder.sources)
    if sorted(kept.values()) != sorted(sources.values()):
        new = [path for path, content in sources.items() if kept.get(path) != content]
        raise errors.UserError(
            f"{folder.path} was trained on {', '.join(kept)}. "
            f"{', '.join(new) or 'What is there now'} has other content: give another "
            "--run_dir, or put back what was there, and remove "
            f"{folder.data}."
        )


def check_best_metric(name: str, columns: Mapping[str, interfaces.Column]) -> None:
    """Whether the label in a name such as f1/positive is one of the data's.

    And whether a micro average is not the accuracy under another name.

    Raises:
      UserError: it is not.
    """
    several = any(c.kind == "categories" for c in columns.values())
    if name.endswith("_micro") and columns and not several:
        raise errors.UserError(
            f"train.best_metric={name}: where each example has one label this is the "
            "accuracy. Give accuracy."
        )
    _, _, label = name.partition("/")
    known = [n for c in columns.values() for n in getattr(c, "names", ())]
    if label and label not in known:
        raise errors.UserError(
            f"train.best_metric={name}: there is no label {label!r}. "
            f"The labels are {', '.join(known)}."
        )
