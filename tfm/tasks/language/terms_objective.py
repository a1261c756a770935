"""Objectives whose loss and metrics are the same terms, summed. N examples."""

from collections.abc import Mapping

import numpy as np

from tfm import interfaces
from tfm.tasks.language import sum_metrics
from tfm.tasks.language import terms as terms_lib


class TermsObjective:
    """Base of objectives that have `terms` and `metrics`; see interfaces.Objective."""

    def terms(self, outputs, batch: Mapping) -> dict:
        """{name: (values, weights)}, "loss" first; see language.terms."""
        raise NotImplementedError

    def metrics(self, sums: sum_metrics.Sums) -> dict[str, float]:
        """Metrics of a split, from {name: (sum, count)} of `terms` over it."""
        raise NotImplementedError

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

    def scores(self, results: interfaces.Arrays) -> dict[str, float]:
        """The metrics, from what `eval_step` kept of N examples."""
        return self.metrics(terms_lib.split_sums(results))

    def per_example(
        self, results: interfaces.Arrays
    ) -> tuple[str, np.ndarray, np.ndarray]:
        """ "loss"; its sum over each example's tokens, and their number, [N]."""
        return "loss", results["loss_sum"], results["loss_weight"]
