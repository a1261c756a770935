"""Texts to the arrays of a TextPreprocessor in a graph, for an export."""

from collections.abc import Mapping

import tensorflow as tf

from tfm.inputs.text.graphs import fitted
from tfm.inputs.text.graphs import tokens


class RawText(tf.Module):
    """{"text": string [B]} -> {"tokens": int32 [B, T]}; see interfaces.RawGraph.

    Args:
      tokenizer: of tfm.inputs.text.

    Attributes:
      imports: modules that a process must import before it loads the graph.

    Raises:
      UserError: it cannot run in a graph.
    """

    def __init__(self, tokenizer):
        super().__init__()
        self.tokens = tokens.of(tokenizer)
        self.imports = self.tokens.imports
        self._length = tokenizer.config.max_length
        self._truncate = tokenizer.config.truncate

    def __call__(self, columns: Mapping) -> dict:
        rows = self.tokens(columns["text"])
        begin, end = self.tokens.enclosing
        found_BT = fitted.fitted(rows, self._length, self._truncate, begin, end)
        return {"tokens": found_BT}
