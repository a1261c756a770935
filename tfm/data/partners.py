"""Examples with a partner each, for what mixes two of them (MixUp, CutMix).

N examples.
"""

import typing
from collections.abc import Collection

import numpy as np

from tfm import interfaces
from tfm.data import batches
from tfm.data import splits


@typing.runtime_checkable
class Mixes(typing.Protocol):
    """A preprocessor that may mix each training example with a partner.

    Its graph then gets stored arrays [B, 2, ...], own and partner's, and gives
    "own_share" float32 [B], by how much the own targets count.
    """

    mixes: bool


def needed(preprocessor: interfaces.Preprocessor) -> bool:
    """Whether the examples of training have partners."""
    return isinstance(preprocessor, Mixes) and preprocessor.mixes


class Partnered:
    """Rows as examples, each with another row of the split; see interfaces.Examples.

    Stored arrays are [N, 2, ...]: the example's own and its partner's. Targets stay,
    and the partner's are "partner_NAME".

    Args:
      rows: the examples without partners.
      stored: names of the arrays that go through the preprocessor's graph.
    """

    def __init__(self, rows: batches.Rows, stored: Collection[str]):
        self._rows = rows
        self._stored = frozenset(stored)
        self.spec = {}
        for name, spec in rows.spec.items():
            if name in self._stored:
                self.spec[name] = spec._replace(shape=(2, *spec.shape))
            else:
                self.spec |= {name: spec, f"partner_{name}": spec}

    def __len__(self) -> int:
        return len(self._rows)

    def batch(
        self, places: np.ndarray, epochs: np.ndarray, seed: int
    ) -> dict[str, np.ndarray]:
        """The arrays of `spec`; the partner depends on seed, epoch and row alone."""
        found = self._rows.batch(places, epochs, seed)
        rows = found.get("seed_row", found["row"])
        others = self._rows.batch(self._partners(rows, epochs, seed), epochs, seed)
        for name in self._rows.spec:
            if name in self._stored:
                found[name] = np.stack([found[name], others[name]], axis=1)
            else:
                found[f"partner_{name}"] = others[name]
        return found

    def _partners(self, rows, epochs, seed: int) -> np.ndarray:
        state = splits.mix(np.array([seed % 2**64], np.uint64))
        for values in (epochs, rows):
            state = splits.mix(state ^ splits.mix(np.asarray(values, np.uint64)))
        return (state % np.uint64(len(self))).astype(np.int64)
