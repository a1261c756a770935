"""Texts to the arrays of a TextPreprocessor in a graph, for an export."""

from collections.abc import Mapping

import tensorflow as tf

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

    def __call__(self, columns: Mapping) -> dict:
        return {"tokens": self.tokens(columns["text"])}
