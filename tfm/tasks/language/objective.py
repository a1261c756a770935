"""Language-model objective: windows of a corpus, loss, evaluation by sums.

B batch, N examples of a split.
"""

from collections.abc import Mapping

import keras
import numpy as np

from tfm import figures
from tfm import interfaces
from tfm.data import windows
from tfm.tasks.language import documents as documents_lib
from tfm.tasks.language import sum_metrics
from tfm.tasks.language import terms as terms_lib


class LanguageObjective:
    """Base of the objectives over plain text; see interfaces.Objective.

    One of them has `terms` and `metrics`, and `example` for windows.Windows. Its loss
    and its evaluation are the same terms, summed. Nothing as large as the logits is
    kept of an example.

    Args:
      spec: {name: Spec} of an example.
      inputs: those of its names that the backbone is given.
      window: tokens of the corpus that an example takes.
      documents: what a window holds; see language.documents.
      context: tokens before the window that an example is made with, 0 or 1.
    """

    def __init__(
        self,
        spec: Mapping[str, interfaces.Spec],
        inputs: tuple[str, ...],
        *,
        window: int,
        documents: documents_lib.Documents,
        context: int = 0,
    ):
        self.spec = dict(spec)
        self.inputs = {name: self.spec[name] for name in inputs if name in self.spec}
        self.window, self.documents, self.context = window, documents, context

    def terms(self, outputs, batch: Mapping) -> dict:
        """{name: (values, weights)}, "loss" first; see language.terms."""
        raise NotImplementedError

    def metrics(self, sums: sum_metrics.Sums) -> dict[str, float]:
        """Metrics of a split, from {name: (sum, count)} of `terms` over it."""
        raise NotImplementedError

    def empty(self) -> dict[str, np.ndarray]:
        """An example of zeros."""
        return {name: np.zeros(s.shape, s.dtype) for name, s in self.spec.items()}

    def examples(
        self, split: interfaces.Split, mode: interfaces.Mode
    ) -> interfaces.Examples:
        """Windows of a split, which is an interfaces.Stream."""
        return windows.Windows(split, self, training=mode == "train")

    def loss(self, outputs, batch: Mapping):
        """Each prediction's loss and weight, and sums to watch.

        Args:
          outputs: the model's.
          batch: the arrays of `spec`, and weight float32 [B], 0 for examples that fill
            it up.

        Returns:
          losses and weights, of the same shape, and {name: (sum, count)}.
        """
        found = self.terms(outputs, batch)
        losses, weights = found.pop("loss")
        return losses, weights, terms_lib.batch_sums(found)

    def eval_step(self, model: keras.Model, mode: interfaces.Mode):
        """batch -> {name: [B]}: the terms, summed over each example."""

        def step(batch):
            outputs = model({n: batch[n] for n in model.input}, training=False)
            return terms_lib.example_sums(self.terms(outputs, batch))

        return step

    def compute_metrics(
        self, results: interfaces.Arrays, split: interfaces.Split
    ) -> figures.Evaluation:
        """See `metrics`; from what `eval_step` kept of N examples."""
        return figures.Evaluation(self.scores(results))

    def scores(self, results: interfaces.Arrays) -> dict[str, float]:
        """The metrics, from what `eval_step` kept of N examples."""
        return self.metrics(terms_lib.split_sums(results))

    def per_example(
        self, results: interfaces.Arrays
    ) -> tuple[str, np.ndarray, np.ndarray]:
        """ "loss"; its sum over each example's tokens, and their number, [N]."""
        return "loss", results["loss_sum"], results["loss_weight"]
