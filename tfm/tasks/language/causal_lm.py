"""Predicting each next token. B batch, T tokens, D width, V vocabulary."""

import numpy as np
from keras import ops

from tfm.tasks.language import generative
from tfm.tasks.language import sum_metrics
from tfm.tasks.language import token_losses
from tfm.tasks.language import vocabulary_tables


class NextTokens(generative.Generative):
    """Causal language modelling (Radford et al. 2018).

    A window is T + 1 tokens: T inputs, and as targets the same moved by one. The next
    window begins with the last token of this one, so that each is a target once.
    Within a document its [EOS], if the vocabulary has one, is a target as any; the
    first token of the next document never is.

    Args:
      tokenizer: the tfm.inputs.text Tokenizer.
      max_length: T.
      documents: see CausalLM.
      tied: whether the logits are made by the embedding's table.
      label_smoothing: share of the target spread over the vocabulary.

    Attributes:
      window: tokens of the corpus that an example takes.
      stride: tokens from one window to the next.
      crosses: whether a window may hold several documents.
      packed: whether the model must keep these apart, by the input "segments".
      spec: {name: (dtype, shape)} of an example.
    """

    def __init__(
        self,
        tokenizer,
        max_length: int,
        *,
        documents: str = "packed",
        tied: bool = True,
        label_smoothing: float = 0.0,
    ):
        super().__init__(tokenizer.vocab_size, tied)
        self.max_length = max_length
        self.window = max_length + 1
        self.stride = max_length
        self.crosses = documents != "separate"
        self.packed = documents == "packed"
        self.spec = {
            "tokens": (np.dtype(np.int32), (max_length,)),
            "targets": (np.dtype(np.int32), (max_length,)),
            "target_weight": (np.dtype(np.float32), (max_length,)),
        }
        if self.packed:
            self.spec["segments"] = (np.dtype(np.int32), (max_length,))
        self._bytes_V = vocabulary_tables.byte_lengths(tokenizer).astype(np.float32)
        self._label_smoothing = label_smoothing

    def example(self, tokens, segments, rng=None, other=None) -> dict[str, np.ndarray]:
        """The example of a window.

        Args:
          tokens: int32, up to `window` of them.
          segments: int32, the number of each token's document in the window.
          rng: not used, as nothing is random; nor is `other`.

        Returns:
          tokens, targets and segments int32 [T], 0 where there are none;
          target_weight float32 [T], 1 for each target that counts.
        """
        found = {
            name: np.zeros(shape, dtype) for name, (dtype, shape) in self.spec.items()
        }
        length = max(len(tokens) - 1, 0)
        found["tokens"][:length] = tokens[:-1]
        found["targets"][:length] = tokens[1:]
        found["target_weight"][:length] = segments[1:] == segments[:-1]
        if self.packed:
            found["segments"][:length] = segments[:-1]
        return found

    def loss(self, logits_BTV, batch: dict):
        """Each token's loss and weight, and sums to watch.

        Args:
          logits_BTV: the model's output.
          batch: targets and target_weight [B, T], and weight float32 [B], 0 for
            padding examples.

        Returns:
          losses_BT, weights_BT, and {name: (sum, count)}: accuracy, bytes_per_token
          and, under label smoothing, the cross_entropy without it.
        """
        losses_BT, weights_BT, watched = token_losses.watched_losses(
            logits_BTV, batch, self._label_smoothing
        )
        bytes_BT = ops.take(self._bytes_V, batch["targets"])
        watched["bytes_per_token"] = (
            ops.sum(bytes_BT * weights_BT),
            ops.sum(weights_BT),
        )
        return losses_BT, weights_BT, watched

    def metrics(self, sums: sum_metrics.Sums) -> dict[str, float]:
        """Metrics of a split from the sums over it: "loss" and what `loss` watches.

        Returns:
          loss (cross-entropy in nats per token, without label smoothing), perplexity,
          bits_per_byte and accuracy.
        """
        return sum_metrics.metrics(sums)
