"""Causal language model objective: next-token prediction, as GPT is trained.

B batch, T tokens, V vocabulary.
"""

from collections.abc import Mapping

import numpy as np
from keras import ops

from tfm import interfaces
from tfm.tasks.language import generative
from tfm.tasks.language import sum_metrics
from tfm.tasks.language import token_losses
from tfm.tasks.language import vocabulary_tables


class CausalLMObjective(generative.GenerativeObjective):
    """Causal language modelling (Radford et al. 2018).

    A window is T + 1 tokens: T inputs, and as targets the same moved by one. The next
    window begins with the last token of this one, so that each is a target once.
    Within a document its [EOS], if the vocabulary has one, is a target as any; the
    first token of the next document never is.

    Args:
      tokenizer: the tfm.inputs.text Tokenizer.
      max_length: T.
      documents: see tasks.CausalLM.
      tied: whether the logits are made by the embedding's table.
      label_smoothing: share of the target spread over the vocabulary.
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
        vocab_size = tokenizer.vocab_size
        ids_T = interfaces.Spec((max_length,), "int32", vocab_size)
        spec = {
            "tokens": ids_T,
            "targets": ids_T,
            "target_weight": interfaces.Spec((max_length,), "float32"),
        }
        if documents == "packed":
            spec["segments"] = interfaces.Spec((max_length,), "int32")
        super().__init__(
            vocab_size,
            tied,
            spec=spec,
            inputs=("tokens", "segments"),
            window=max_length + 1,
            stride=max_length,
            crosses=documents != "separate",
        )
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
        found = self.empty()
        length = max(len(tokens) - 1, 0)
        found["tokens"][:length] = tokens[:-1]
        found["targets"][:length] = tokens[1:]
        found["target_weight"][:length] = segments[1:] == segments[:-1]
        if "segments" in found:
            found["segments"][:length] = segments[:-1]
        return found

    def terms(self, logits_BTV, batch: Mapping) -> dict:
        """Each token's loss, accuracy and bytes_per_token; see token_losses.terms.

        Args:
          logits_BTV: the model's output.
          batch: targets and target_weight [B, T], and weight float32 [B].
        """
        found = token_losses.terms(logits_BTV, batch, self._label_smoothing)
        _, weights_BT = found["loss"]
        bytes_BT = ops.take(self._bytes_V, batch["targets"])
        return found | {"bytes_per_token": (bytes_BT, weights_BT)}

    def metrics(self, sums: sum_metrics.Sums) -> dict[str, float]:
        """Loss, perplexity, bits per byte and accuracy; see sum_metrics.metrics."""
        return sum_metrics.metrics(sums)
