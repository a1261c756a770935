"""Raw columns to the arrays of several inputs in a graph, for an export."""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence

import tensorflow as tf


class RawTogether(tf.Module):
    """Several functions of interfaces.RawGraph as one.

    Args:
      parts: {column: tensor [B]} -> stored arrays, of different names.

    Attributes:
      imports: modules that a process must import before it loads the graph.
    """

    def __init__(self, parts: Sequence[Callable[[Mapping], Mapping]]):
        super().__init__()
        self.tables = [part for part in parts if isinstance(part, tf.Module)]
        named = [name for part in parts for name in getattr(part, "imports", ())]
        self.imports = (*dict.fromkeys(named),)
        self._arrays = lambda columns: [part(columns) for part in parts]

    def __call__(self, columns: Mapping) -> dict:
        return {n: a for arrays in self._arrays(columns) for n, a in arrays.items()}
