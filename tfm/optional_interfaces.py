"""Optional interfaces of the parts of an experiment: see tfm.interfaces.

Those that name no other part lie here; users import all of them from tfm.interfaces.

B batch.
"""

import typing
from collections.abc import Callable
from collections.abc import Mapping
from typing import Protocol
from typing import runtime_checkable

if typing.TYPE_CHECKING:
    import keras


@runtime_checkable
class LeavesOut(Protocol):
    """A dataset that did not take all of its sources."""

    def left_out(self) -> list[str]: ...  # lines for the end: what was not, and why


@runtime_checkable
class Decodes(Protocol):
    """A model that reads on by tokens, with a KV cache: init_cache, decode_step."""

    def decoding(self, model: "keras.Model"): ...  # as models.decoding says


@runtime_checkable
class Writes(Protocol):
    """An objective whose model scores the next token, so that it can generate."""

    start_id: int | None  # what a decoder beside an encoder begins with

    def logits(self, model: "keras.Model", features): ...  # scores [..., V] of [..., D]


@runtime_checkable
class RawGraph(Protocol):
    """A preprocessor that encodes raw columns in a graph too, for an exported model."""

    def raw_graph(self) -> Callable[[Mapping], Mapping] | None:
        """TensorFlow's `encode`: {column: tensor [B]} -> stored arrays, filled up.

        Where it has tables it is a tf.Module, with which they are exported. It may say
        by an attribute `imports` which modules must be imported before it is loaded.

        Returns:
          None, as UserError with the reason, where there is none for these fields.
        """


@runtime_checkable
class Exports(Protocol):
    """An objective whose predictions can be made in a graph, for an exported model."""

    def exports(self, kept: Mapping) -> Mapping:
        """`predictions` in TensorFlow: of what eval_step kept, {name: [B, ...]}."""


@runtime_checkable
class RawExamples(Protocol):
    """An objective that makes its examples to predict of raw columns by itself."""

    def raw_examples(self) -> Callable[[Mapping], Mapping]:
        """{column: tensor [B]} -> a batch for eval_step; else as RawGraph.raw_graph."""
