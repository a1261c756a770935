"""Interfaces between the parts of an experiment: data, inputs, model, task.

A class has one by its attributes and methods alone: nothing is inherited or registered.
Data, Inputs, Model and Task are frozen dataclasses, whose fields are flags; what they
say of themselves (columns, reads, gives) is known before a byte is read.

Protocols that runtime_checkable marks are optional; some lie in optional_interfaces.

    source --Data--> rows --Preprocessor--> arrays --Examples--> batches --> model

B batch, N examples of a split. Every array's first axis is the batch.
"""

import pathlib
import typing
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Protocol
from typing import runtime_checkable

from tfm import figures
from tfm.optional_interfaces import Decodes as Decodes
from tfm.optional_interfaces import Exports as Exports
from tfm.optional_interfaces import LeavesOut as LeavesOut
from tfm.optional_interfaces import RawExamples as RawExamples
from tfm.optional_interfaces import RawGraph as RawGraph
from tfm.optional_interfaces import Writes as Writes

if typing.TYPE_CHECKING:
    import keras
    import numpy as np

Row = Mapping[str, object]  # raw values by column, as {"text": "A film.", "label": "1"}
Arrays = Mapping[str, "np.ndarray"]
Ragged = Mapping[str, "np.ndarray | list[np.ndarray]"]  # one array, or one for each row
Names = frozenset[str]
Kinds = Mapping[str, Names]  # by column, such as {"label": {"category", "categories"}}
Mode = typing.Literal["train", "evaluate", "predict"]
Direction = typing.Literal["min", "max"]


class Spec(typing.NamedTuple):
    """Shape and type of one example of an array, without the batch axis."""

    shape: tuple[int, ...]
    dtype: str  # as "int32"; "string" for bytes
    size: int | None = None  # of ids: they are below it


class Read(typing.NamedTuple):
    """A row of a user's source."""

    row: Row  # by the names that inputs and tasks ask for
    shown: Row  # all that the source has of it, under its own names; for outputs
    origin: str = ""  # FILE:LINE
    problem: str = ""  # why it cannot be predicted: `reason: details`


class Column(Protocol):
    """A kind of value, such as labels, to arrays and back; saved as configs are."""

    kind: str  # such as "category"
    spec: Spec  # of an encoded value

    def encode(self, values: Sequence[object]) -> "np.ndarray | list[np.ndarray]":
        """Values of rows as one array [n, ...], or as one for each row."""

    def decode(self, array: "np.ndarray") -> list: ...  # the values [n] of an array


class Split(Protocol):
    """The examples of a split by their places, 0 to len - 1 (indices int64 [n])."""

    def __len__(self) -> int: ...

    def take(self, indices: "np.ndarray") -> Ragged:
        """Stored arrays and encoded columns; perhaps "seed_row", for augmentation."""

    def rows(self, indices: "np.ndarray") -> list[Row]: ...  # raw

    def origins(self, indices: "np.ndarray") -> list[str]: ...  # FILE:LINE of each


class Stream(Split, Protocol):
    """A split whose documents lie in one line, which may be cut anywhere."""

    ends: "np.ndarray"  # where each document ends in the line, int64 [documents]

    def read(self, start: int, stop: int) -> "np.ndarray": ...  # [stop - start]

    def segments(self, start: int, stop: int) -> "np.ndarray":
        """Numbers of the documents that each place of it is of, int32 from 1."""


class Dataset(Protocol):
    """Data that was read and cut into splits."""

    columns: Mapping[str, Column]  # besides those that the preprocessor reads
    preprocessor: pathlib.Path | None  # folder of what it was prepared with, if it was
    sources: Mapping[str, str]  # hashes of files by path; asked after encode

    def training_rows(self) -> Iterator[Row]: ...  # to fit a preprocessor on

    def encode(self, preprocessor: "Preprocessor", folder: pathlib.Path):
        """{name: Split} of train, validation and test, encoded once into the folder."""

    def summary(self) -> list[str]:
        """Lines for a human: what was read, dropped and kept. Asked after encode."""


class Data(Protocol):
    """Config of where rows come from, and how they are cut into splits."""

    columns: Kinds  # that it can have

    def prepare(self, folder: pathlib.Path) -> Dataset: ...  # or finds it done there

    def rows(self, source: str, columns: Mapping[str, Column]) -> Iterator[Read]:
        """The rows of another source; they must have `columns` besides the inputs'."""

    def split(
        self,
        source: str,
        columns: Mapping[str, Column],
        preprocessor: "Preprocessor",
        folder: pathlib.Path,
    ) -> Split:
        """Another source to evaluate on; see data.memory for what fits in memory."""


@runtime_checkable
class Looks(Protocol):
    """Data that looks at its sources before anything heavy is imported."""

    found: Names  # fields that are found in the source where they are empty or auto

    def look(self) -> Data:
        """With the `found` fields; UserError of a mistake in the first rows."""


class Preprocessor(Protocol):
    """Raw rows to a model's inputs, as fitted on the training split."""

    stored: Mapping[str, Spec]  # as `encode` gives them; shorter rows get zeros
    specs: Mapping[str, Spec]  # as the model gets them

    def encode(self, rows: Sequence[Row]) -> Ragged:
        """The stored arrays; done once, ahead of training."""

    def graph(self) -> Callable[[Mapping, object], Mapping]:
        """TensorFlow's part: (stored arrays, seeds or None) -> arrays of `specs`.

        Seeds int64 [B, 3], run's, epoch, row, are all that augmentation depends on.
        """

    def save(self, folder: pathlib.Path) -> None: ...  # all that Inputs.load needs


class Inputs(Protocol):
    """Config of how raw columns become a model's inputs; augmentation is a field."""

    columns: Kinds  # that it reads
    gives: Names  # of the arrays that it makes

    def fit(self, rows: Iterable[Row], reserved: Sequence[str] = ()) -> Preprocessor:
        """Learns of training rows, such as a vocabulary with the `reserved` tokens."""

    def load(self, folder: pathlib.Path) -> Preprocessor:
        """The preprocessor saved in a folder; UserError where it is another kind."""


@runtime_checkable
class OutOfFold(Inputs, Protocol):
    """Inputs fitted out of fold with labels, so on dataset.held_out_rows() too."""

    folds: int  # parts of the rows


@runtime_checkable
class FollowsModel(Protocol):
    """Inputs whose fields follow those of the model, such as its preset."""

    def of(self, model: object) -> Inputs: ...


class Model(Protocol):
    """Config of a model's backbone."""

    reads: Names  # inputs
    optional: Names  # inputs that it reads where they are given
    gives: Names  # outputs; "causal": features where no position sees a later one

    def build(self, specs: Mapping[str, Spec]) -> "keras.Model":
        """The keras.Model: a dict of inputs, of those in `specs`, to one of outputs."""


@runtime_checkable
class Preset(Model, Protocol):
    """A published model, whose shape and weights come from elsewhere."""

    preset: str

    def kept_in(self, folder: pathlib.Path) -> Model: ...  # its shape is there

    def published(self) -> "keras.Model": ...  # with the weights published for it


class Examples(Protocol):
    """The examples of a split as an objective wants them, by their places."""

    spec: Mapping[str, Spec]  # of an example, without "row"

    def __len__(self) -> int: ...

    def batch(self, places: "np.ndarray", epochs: "np.ndarray", seed: int) -> Arrays:
        """The arrays of `spec` for int64 places [n], and "row": its place in the split.

        What is random in an example depends on its epoch, its place and the seed alone.
        """


class Objective(Protocol):
    """A task bound to columns and a preprocessor: examples, head, loss, metrics."""

    inputs: Mapping[str, Spec]  # that the model is given
    usage: str  # of a trained model, as 'predict --text="..."'

    def examples(self, split: Split, mode: Mode) -> Examples:
        """The examples of a split; for "predict", of rows without labels."""

    def head(self, backbone: "keras.Model") -> "keras.Model": ...  # with layers on top

    def loss(self, outputs, batch: Mapping):
        """Losses and weights [B] or [B, T], and {name: (sum, count)} to log.

        The loss is their weighted mean. float32 batch["weight"] [B]: 0 only fills up.
        """

    def eval_step(self, model: "keras.Model", mode: Mode) -> Callable:
        """batch -> {name: [B, ...]}: all that is kept of each example; in a graph."""

    def compute_metrics(self, results: Arrays, split: Split) -> figures.Evaluation:
        """Metrics over a split from what was kept: arrays [N, ...] and "row" [N]."""

    def predictions(self, results: Arrays, split: Split) -> list[dict]:
        """For each row of the split what the model says of it, ready for JSON."""


@runtime_checkable
class Finishes(Protocol):
    """An objective that fits small arrays on validation at the end: a temperature."""

    def finish(self, results: Arrays, split: Split) -> Arrays: ...  # {}: none

    def finished(self, arrays: Arrays) -> Objective:
        """With them, which may change compute_metrics and predictions alone."""


@runtime_checkable
class Thorough(Protocol):
    """An objective that evaluates more where scores are kept: at the end, on demand."""

    def thorough_examples(self, split: Split) -> Examples: ...


class Task(Protocol):
    """Config of what is learnt."""

    columns: Kinds  # that it needs
    reads: Names  # outputs of the model that its head reads
    gives: Names  # inputs that it makes besides those of the preprocessor
    metrics: Sequence[str]  # that `direction` knows; it may know more, as f1/NAME
    train_steps: Sequence[str]  # class names of those that fit it, the default first

    def direction(self, metric: str) -> Direction | None:
        """Up or down: where a metric is better; None: there is no such metric."""

    def reserves(self, inputs: Inputs) -> Sequence[str]:
        """Special tokens that the vocabulary must have; UserError for other inputs."""

    def bind(self, columns: Mapping, preprocessor: Preprocessor) -> Objective:
        """The objective for {name: Column} and a preprocessor."""
