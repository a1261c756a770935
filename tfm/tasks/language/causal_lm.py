"""Causal language model objective: next-token prediction, as GPT is trained.

B batch, T tokens, V vocabulary.
"""

from collections.abc import Mapping

import numpy as np
from keras import ops

from tfm import interfaces
from tfm.data import windows
from tfm.tasks.language import generative
from tfm.tasks.language import sum_metrics
from tfm.tasks.language import token_losses
from tfm.tasks.language import vocabulary_tables


class CausalLMObjective(generative.GenerativeObjective):
    """Causal language modelling (Radford et al. 2018).

    The targets are a window of T tokens, each told from the one before it:

        documents      to be [EOS] or not
        tokens         [EOS] to be [EOS] or
        targets        to be [EOS] or not
        segments       1 1 1 2 2

    The first token of a document is told from the token that begins texts, which is
    the [EOS] of the document before, as in GPT-2, but part of its own document. Every
    token is a target once, whatever the windows, and [EOS] is one where it stands: at
    the end of a document. A document that goes on in another window begins there with
    the last token of this one.

    Where published models begin texts with a token of its own, as <s>, the corpus has
    it. It is no target, and what it is next to is still the document before:

        documents      <s> to be </s> <s> or not </s>
        tokens         <s> to be </s> <s> or not
        targets        to be </s> <s> or not </s>
        segments       1 1 1 1 2 2 2

    Args:
      tokenizer: the tfm.inputs.text Tokenizer.
      max_length: T.
      documents: see tasks.CausalLM.
      tied: whether the logits are made by the embedding's table.
      label_smoothing: share of the target spread over the vocabulary.
      eval_stride: tokens between the windows of the sliding_ metrics; 0: none of them.
    """

    def __init__(
        self,
        tokenizer,
        max_length: int,
        *,
        documents: str = "packed",
        tied: bool = True,
        label_smoothing: float = 0.0,
        eval_stride: int = 0,
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
            window=max_length,
            documents=documents,
            context=1,
        )
        self._begin_id, self._stored_begin = (
            tokenizer.begin_id,
            tokenizer.document_begin,
        )
        self._eval_stride = eval_stride
        self._bytes_V = vocabulary_tables.byte_lengths(tokenizer).astype(np.float32)
        self._label_smoothing = label_smoothing

    def example(self, tokens, segments, rng=None, other=None) -> dict[str, np.ndarray]:
        """The example of a window.

        Args:
          tokens: int32, the token before the window and up to T of the window.
          segments: int32, the number of each token's document.
          rng: not used, as nothing is random; nor is `other`.

        Returns:
          tokens, targets and segments int32 [T], 0 where there are none;
          target_weight float32 [T], 1 for each target that counts.
        """
        found = self.empty()
        begins, is_mark = self._begins(tokens, segments)
        if is_mark[:1].any() and (self.documents != "joined" or not segments[0]):
            # nothing that can be seen is before the mark
            tokens, segments = tokens[1:], segments[1:]
            begins, is_mark = begins[1:], is_mark[1:]
        length = max(len(tokens) - 1, 0)
        before = np.where(begins & ~is_mark, self._begin_id, tokens[:-1])
        found["tokens"][:length] = before
        found["targets"][:length] = tokens[1:]
        found["target_weight"][:length] = ~is_mark
        if "segments" in found:
            segments = np.where(is_mark, segments[:-1], segments[1:])
            found["segments"][:length] = segments - segments[:1] + 1
        return found

    def _begins(self, tokens, segments):
        """Targets that begin a document, and those that are the corpus's mark of it."""
        begins = segments[1:] != segments[:-1]
        if self._stored_begin is None:
            return begins, np.zeros_like(begins)
        return begins, begins & (tokens[1:] == self._stored_begin)

    def thorough_examples(self, split: interfaces.Split) -> interfaces.Examples:
        """Windows of a split, and those of the sliding_ metrics."""
        stride = self._eval_stride or None
        return windows.Windows(split, self, training=False, stride=stride)

    def terms(self, logits_BTV, batch: Mapping) -> dict:
        """Each token's loss, accuracy and bytes_per_token; see token_losses.terms.

        Args:
          logits_BTV: the model's output.
          batch: targets and target_weight [B, T], and weight float32 [B]; of
            `thorough_examples` is_plain and first [B].

        Returns:
          Of `thorough_examples` sliding, the cross-entropies in the other windows, too.
        """
        found = token_losses.terms(logits_BTV, batch, self._label_smoothing)
        _, weights_BT = found["loss"]
        bytes_BT = ops.take(self._bytes_V, batch["targets"])
        found |= {"bytes_per_token": (bytes_BT, weights_BT)}
        if "first" not in batch:
            return found
        is_plain_B1 = batch["is_plain"][:, None]
        plain = {
            name: (values_BT, weights_BT * is_plain_B1)
            for name, (values_BT, weights_BT) in found.items()
        }
        losses_BT, _ = found.get("cross_entropy", found["loss"])
        counts_BT = ops.arange(self.window) >= batch["first"][:, None]
        sliding_BT = weights_BT * ops.cast(counts_BT, weights_BT.dtype)
        return plain | {"sliding": (losses_BT, sliding_BT)}

    def metrics(self, sums: sum_metrics.Sums) -> dict[str, float]:
        """Loss, perplexity, bits per byte and accuracy; see sum_metrics.metrics."""
        return sum_metrics.metrics(sums)
