"""Interfaces between the parts of an experiment: data, inputs, model, task.

A class has one of these by its attributes and methods alone: nothing is inherited and
nothing is registered. The configs (Data, Inputs, Model, Task) are frozen dataclasses,
whose fields are flags; what they say of themselves (columns, reads, gives) is known
before a byte is read.

    source --Data--> rows --Preprocessor--> arrays --Examples--> batches --> model

B batch, N examples of a split. Every array's first axis is the batch.
"""

import dataclasses
import pathlib
import typing
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence

if typing.TYPE_CHECKING:
    import keras
    import numpy as np

Row = Mapping[str, object]  # raw values by column, as {"text": "A film.", "label": "1"}
Arrays = Mapping[str, "np.ndarray"]
# column-major: one array over all rows, or a list with an array for each row
Ragged = Mapping[str, "np.ndarray | list[np.ndarray]"]
Names = frozenset[str]
Kinds = Mapping[str, Names]  # by column, such as {"label": {"category", "categories"}}
Mode = typing.Literal["train", "evaluate", "predict"]
Direction = typing.Literal["min", "max"]


class Spec(typing.NamedTuple):
    """The shape and type of one example of an array, without the batch axis."""

    shape: tuple[int, ...]
    dtype: str  # as "int32"; "string" for bytes
    size: int | None = None  # of ids: they are below it


class Read(typing.NamedTuple):
    """A row of a user's source."""

    row: Row  # by the names that inputs and tasks ask for
    shown: Row  # all that the source has of it, under its own names; for outputs
    origin: str = ""  # FILE:LINE


class Column(typing.Protocol):
    """A kind of value: labels to arrays and back. A frozen dataclass.

    It is saved with the run as any config is.

    Attributes:
      kind: such as "category".
      spec: of an encoded value.
    """

    kind: str
    spec: Spec

    def encode(self, values: Sequence[object]) -> "np.ndarray | list[np.ndarray]":
        """Values of rows as one array [n, ...], or as one for each row."""
        ...

    def decode(self, array: "np.ndarray") -> list:
        """The values [n] that an array stands for."""
        ...


class Split(typing.Protocol):
    """The examples of a split in the order of their places, 0 to len - 1."""

    def __len__(self) -> int: ...

    def take(self, indices: "np.ndarray") -> Ragged:
        """The stored arrays of the preprocessor and the encoded columns."""
        ...

    def rows(self, indices: "np.ndarray") -> list[Row]:
        """The raw rows."""
        ...

    def origins(self, indices: "np.ndarray") -> list[str]:
        """FILE:LINE of each."""
        ...


class Stream(Split, typing.Protocol):
    """A split whose documents lie in one line, which may be cut anywhere.

    Attributes:
      ends: where each document ends in the line, int64 [documents].
    """

    ends: "np.ndarray"

    def read(self, start: int, stop: int) -> "np.ndarray":
        """A part of the line, [stop - start]."""
        ...

    def segments(self, start: int, stop: int) -> "np.ndarray":
        """Which document each place of it is of, int32 from 1."""
        ...


class Dataset(typing.Protocol):
    """Data that was read and cut into splits.

    Attributes:
      columns: the columns besides those that the preprocessor reads, by name.
      preprocessor: the folder of the preprocessor that it was prepared with, as of a
        store that runs share; None: it waits for one.
    """

    columns: Mapping[str, Column]
    preprocessor: pathlib.Path | None

    def training_rows(self) -> Iterator[Row]:
        """The rows to fit a preprocessor on, of the training split alone."""
        ...

    def encode(
        self, preprocessor: "Preprocessor", folder: pathlib.Path
    ) -> Mapping[str, Split]:
        """The splits train, validation and test, encoded once into the folder."""
        ...

    def summary(self) -> list[str]:
        """Lines for a human: what was read, dropped and kept. Asked after encode."""
        ...


class Data(typing.Protocol):
    """Config of where rows come from, and how they are cut into splits.

    Attributes:
      columns: the columns that it can have, and their kinds.
    """

    columns: Kinds

    def prepare(self, folder: pathlib.Path) -> Dataset:
        """Reads the sources, or finds that done in the folder."""
        ...

    def rows(self, source: str, columns: Mapping[str, Column]) -> Iterator[Read]:
        """The rows of another source, for prediction.

        Args:
          source: as the user names it.
          columns: those that a row must have besides what the inputs read.
        """
        ...

    def split(
        self,
        source: str,
        columns: Mapping[str, Column],
        preprocessor: "Preprocessor",
        folder: pathlib.Path,
    ) -> Split:
        """Another source as a split, for evaluation; `folder` may hold parts of it.

        data.memory.Memory does it for what fits in memory.
        """
        ...


class Preprocessor(typing.Protocol):
    """Raw rows to a model's inputs, as fitted on the training split.

    Attributes:
      stored: of each array as `encode` gives it. A row that is shorter than its Spec
        is filled up with zeros.
      specs: of each array as the model gets it.
    """

    stored: Mapping[str, Spec]
    specs: Mapping[str, Spec]

    def encode(self, rows: Sequence[Row]) -> Ragged:
        """The stored arrays; done once, ahead of training."""
        ...

    def graph(self) -> Callable[[Mapping, object], Mapping]:
        """TensorFlow's part: (stored arrays, seeds or None) -> arrays of `specs`.

        Seeds are int64 [B, 3]: the run's seed, the epoch and the row, in training;
        what is random in an example depends on them alone.
        """
        ...

    def save(self, folder: pathlib.Path) -> None:
        """Writes all that Inputs.load needs."""
        ...


class Inputs(typing.Protocol):
    """Config of how raw columns become a model's inputs; augmentation is a field.

    Attributes:
      columns: that it reads, and of which kinds.
      gives: names of the arrays that it makes.
    """

    columns: Kinds
    gives: Names

    def fit(self, rows: Iterable[Row], reserved: Sequence[str] = ()) -> Preprocessor:
        """Learns what there is to learn, such as a vocabulary.

        Args:
          rows: of the training split.
          reserved: special tokens that the task needs.
        """
        ...

    def load(self, folder: pathlib.Path) -> Preprocessor:
        """The preprocessor that was saved in a folder.

        Raises:
          UserError: it is not what this config stands for.
        """
        ...


@typing.runtime_checkable
class FollowsModel(typing.Protocol):
    """Inputs whose fields follow those of the model, such as its preset."""

    def of(self, model: object) -> Inputs: ...


class Model(typing.Protocol):
    """Config of a model's backbone.

    Attributes:
      reads: names of its inputs.
      optional: names of inputs that it reads where they are given.
      gives: names of its outputs. "causal" are features of each position in which no
        position sees a later one.
    """

    reads: Names
    optional: Names
    gives: Names

    def build(self, specs: Mapping[str, Spec]) -> "keras.Model":
        """The keras.Model, from a dict of inputs to a dict of outputs.

        Args:
          specs: of what it may read; it takes of them what it has a use for.
        """
        ...


@typing.runtime_checkable
class Preset(Model, typing.Protocol):
    """A published model, whose shape and weights come from elsewhere."""

    preset: str

    def kept_in(self, folder: pathlib.Path) -> Model:
        """This model with its shape in a folder; the preset is needed no more."""
        ...

    def published(self) -> "keras.Model":
        """The model with the weights that were published for it."""
        ...


@typing.runtime_checkable
class Decodes(typing.Protocol):
    """A model that can read on token by token, from a KV cache."""

    def decoding(self, model: "keras.Model") -> "Decoding": ...


class Decoding(typing.Protocol):
    """Incremental decoding of a model; see models.decoding."""

    def init_cache(self, batch_size: int, length: int, source=None): ...

    def decode_step(self, tokens, cache, slot, starts=None): ...


class Examples(typing.Protocol):
    """The examples of a split as an objective wants them, by their places.

    Attributes:
      spec: {name: Spec} of an example, without "row".
    """

    spec: Mapping[str, Spec]

    def __len__(self) -> int: ...

    def batch(self, places: "np.ndarray", epochs: "np.ndarray", seed: int) -> Arrays:
        """The arrays of `spec` for int64 places [n], and "row" int64 [n].

        "row" is the place in the split of what an example was made of. What is random
        in an example depends on its epoch (int64 [n]), its place and the seed alone.
        """
        ...


class Table(typing.NamedTuple):
    """Rows of text and numbers."""

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


class Samples(typing.NamedTuple):
    """A table of a few examples with what the model says of them."""

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


class Matrix(typing.NamedTuple):
    """Counts by row and column, as a confusion matrix; int [R, C], or [P, R, C]."""

    counts: "np.ndarray"
    rows: Sequence[str]
    columns: Sequence[str]
    panels: Sequence[str] = ()  # P names
    axes: tuple[str, str] = ("true", "predicted")


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """Metrics of a split, and what is drawn of it, by name."""

    metrics: Mapping[str, float]
    figures: Mapping[str, Table | Samples | Matrix] = dataclasses.field(
        default_factory=dict
    )


class Objective(typing.Protocol):
    """A task bound to columns and a preprocessor: examples, head, loss, metrics.

    Attributes:
      inputs: {name: Spec} of what the model is given.
      usage: how a trained model is used, as 'predict --text="..."'.
    """

    inputs: Mapping[str, Spec]
    usage: str

    def examples(self, split: Split, mode: Mode) -> Examples:
        """The examples of a split; for "predict", of rows without labels."""
        ...

    def head(self, backbone: "keras.Model") -> "keras.Model":
        """The backbone with the task's own layers on top."""
        ...

    def loss(self, outputs, batch: Mapping):
        """losses and weights [B] or [B, T], and {name: (sum, count)} to watch.

        The batch's loss is their weighted mean. batch["weight"] float32 [B] is 0 for
        examples that fill up a batch.
        """
        ...

    def eval_step(self, model: "keras.Model", mode: Mode) -> Callable:
        """batch -> {name: [B, ...]}: what is kept of each example. Runs in a graph."""
        ...

    def compute_metrics(self, results: Arrays, split: Split) -> Evaluation:
        """Metrics over a split from what was kept: arrays [N, ...] and "row" [N]."""
        ...

    def predictions(self, results: Arrays, split: Split) -> list[dict]:
        """For each row of the split what the model says of it, ready for JSON."""
        ...


@typing.runtime_checkable
class Writes(typing.Protocol):
    """An objective whose model scores the next token, so that it can generate.

    Attributes:
      start_id: what a decoder beside an encoder begins with; None: there is none.
    """

    start_id: int | None

    def logits(self, model: "keras.Model", features):
        """Scores of the vocabulary [..., V] from features [..., D]."""
        ...


class Task(typing.Protocol):
    """Config of what is learnt.

    Attributes:
      columns: that it needs, and of which kinds.
      reads: names of the model's outputs that its head reads.
      gives: names of inputs that it makes besides those of the preprocessor.
      train_steps: class names of the train steps that fit it, the default first.
    """

    columns: Kinds
    reads: Names
    gives: Names
    train_steps: Sequence[str]

    def direction(self, metric: str) -> Direction | None:
        """Which way a metric is better; None: there is no such metric."""
        ...

    def reserves(self, inputs: Inputs) -> Sequence[str]:
        """Special tokens that the vocabulary must have.

        Raises:
          UserError: the inputs are of no use to this task.
        """
        ...

    def bind(
        self, columns: Mapping[str, Column], preprocessor: Preprocessor
    ) -> Objective:
        """The objective for these columns and this preprocessor."""
        ...
