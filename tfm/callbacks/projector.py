"""Vectors for TensorBoard's projector: tokens' embeddings, examples.

N vectors, D width.
"""

import dataclasses
import pathlib
from collections.abc import Sequence

import numpy as np
from google.protobuf import text_format
from tensorboard.plugins.projector import projector_config_pb2

from tfm import files

MOST = 10_000  # vectors
_NUMBERS = 2_000_000  # in all vectors: the browser reads them as text
_LETTERS = 100  # of a cell


@dataclasses.dataclass(frozen=True)
class Vectors:
    """Vectors with what is known of each.

    Attributes:
      name: of what they are of.
      vectors: float32 [N, D].
      columns: of the rows, one at least.
      rows: N tuples of texts.
    """

    name: str
    vectors: np.ndarray
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


def most(width: int) -> int:
    """The number of vectors of a width that are shown."""
    return min(MOST, max(1, _NUMBERS // width))


def write(folder: pathlib.Path, found: Sequence[Vectors]) -> None:
    """Writes the vectors and the projector's configuration beside a run's events."""
    folder.mkdir(parents=True, exist_ok=True)
    config = projector_config_pb2.ProjectorConfig()
    for one in found:
        numbers, labels = f"{one.name}_vectors.tsv", f"{one.name}_metadata.tsv"
        size = most(one.vectors.shape[1])
        lines = [
            "\t".join(f"{x:.4g}" for x in row) for row in one.vectors[:size].tolist()
        ]
        _write(folder / numbers, lines)
        rows = ["\t".join(map(_cell, row)) for row in one.rows[:size]]
        # a single column has no head, as TensorBoard reads it
        head = ["\t".join(one.columns)] if len(one.columns) > 1 else []
        _write(folder / labels, head + rows)
        embedding = config.embeddings.add()
        embedding.tensor_name, embedding.tensor_path = one.name, numbers
        embedding.metadata_path = labels
        embedding.tensor_shape.extend([len(lines), one.vectors.shape[1]])
    _write(folder / "projector_config.pbtxt", [text_format.MessageToString(config)])


def _cell(value: object) -> str:
    """A text in one cell: without tabs and ends of lines, and not empty."""
    text = " ".join(str(value).split())[:_LETTERS]
    return text or repr(str(value)[:_LETTERS])


def _write(path: pathlib.Path, lines: Sequence[str]) -> None:
    with files.created(path) as file:
        file.write("\n".join(lines) + "\n")
