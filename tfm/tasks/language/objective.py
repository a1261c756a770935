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
from tfm.tasks.language import terms as terms_lib
from tfm.tasks.language import terms_objective


class LanguageObjective(terms_objective.TermsObjective):
    """Base of the objectives over plain text; see interfaces.Objective.

    One of them has `example` for windows.Windows too. Nothing as large as the logits is
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

    def empty(self) -> dict[str, np.ndarray]:
        """An example of zeros."""
        return {name: np.zeros(s.shape, s.dtype) for name, s in self.spec.items()}

    def examples(
        self, split: interfaces.Split, mode: interfaces.Mode
    ) -> interfaces.Examples:
        """Windows of a split, which is an interfaces.Stream."""
        return windows.Windows(split, self, training=mode == "train")

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
