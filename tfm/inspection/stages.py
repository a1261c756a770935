"""Stages of examples: raw, cleaned, tokens, ids, and the batch that a model gets.

N examples.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np

from tfm import interfaces
from tfm.data import batches
from tfm.inputs.text import normalization


@dataclasses.dataclass(frozen=True)
class Example:
    """One example at each stage.

    Attributes:
      origin: FILE:LINE of its row.
      raw: its row.
      cleaned: its texts as they are tokenized, by column; empty where none are.
      tokens: of the batch, by array: what each id stands for, without padding.
      ids: the stored arrays of the row, by name, before the batch is made.
      batch: the arrays that the model and the loss get, by name.
    """

    origin: str
    raw: interfaces.Row
    cleaned: Mapping[str, str]
    tokens: Mapping[str, list[str]]
    ids: Mapping[str, np.ndarray]
    batch: interfaces.Arrays


def of(
    prepared, split: str, first: int, count: int, epoch: int | None
) -> list[Example]:
    """The examples of a split from the place `first` on.

    Args:
      prepared: a run.assembly.Prepared.
      split: train, validation or test.
      first: place of the first example.
      count: how many, at the most.
      epoch: of training, with its augmentation; None: as in an evaluation.
    """
    arrays = batch(prepared, split, first, count, epoch)
    own, preprocessor = prepared.splits[split], prepared.preprocessor
    rows = arrays["row"]
    raw, origins, stored = own.rows(rows), own.origins(rows), own.take(rows)
    return [
        Example(
            origin=origins[i],
            raw=raw[i],
            cleaned=_cleaned(preprocessor, raw[i]),
            tokens=_tokens(preprocessor, arrays, i),
            ids={name: stored[name][i] for name in preprocessor.stored},
            batch={name: array[i] for name, array in arrays.items()},
        )
        for i in range(len(rows))
    ]


def batch(
    prepared, split: str, first: int, count: int, epoch: int | None
) -> dict[str, np.ndarray]:
    """The arrays [N, ...] of those examples; as of `of`."""
    mode = "evaluate" if epoch is None else "train"
    examples = prepared.objective.examples(prepared.splits[split], mode)
    return batches.at(
        examples,
        np.arange(first, min(first + count, len(examples))),
        epoch=epoch,
        seed=prepared.experiment.train.seed,
        graph=prepared.preprocessor.graph(),
        stored=prepared.preprocessor.stored,
    )


def pictures(prepared, arrays: interfaces.Arrays) -> dict[str, np.ndarray]:
    """The arrays that are pictures, [N, H, W, 1 or 3], by name."""
    return {
        name: arrays[name]
        for name, spec in prepared.preprocessor.specs.items()
        if len(spec.shape) == 3 and spec.shape[2] in (1, 3) and name in arrays
    }


def _cleaned(preprocessor, row: interfaces.Row) -> dict[str, str]:
    tokenizer = getattr(preprocessor, "tokenizer", None)
    if tokenizer is None:
        return {}
    return {
        name: normalization.normalize(value.strip(), tokenizer.config)
        for name, value in row.items()
        if name == "text" and isinstance(value, str)
    }


def _tokens(preprocessor, arrays: interfaces.Arrays, i: int) -> dict[str, list[str]]:
    """Of arrays whose ids are those of the vocabulary."""
    tokenizer = getattr(preprocessor, "tokenizer", None)
    if tokenizer is None:
        return {}
    names = [name for name in arrays if name == "tokens" or name.endswith("_tokens")]
    return {name: tokenizer.tokens(_trimmed(arrays[name][i])) for name in names}


def _trimmed(ids: np.ndarray) -> np.ndarray:
    """A row of ids without the padding at its end."""
    real = np.flatnonzero(ids)
    return ids[: real[-1] + 1] if len(real) else ids[:0]
