"""Causal language model (GPT), next-token prediction: the fields of the task."""

import dataclasses
import typing
from collections.abc import Mapping
from collections.abc import Sequence

from tfm import validation
from tfm.tasks import special_tokens
from tfm.tasks.language import documents as documents_lib

if typing.TYPE_CHECKING:
    from tfm import interfaces
    from tfm.tasks.language import causal_lm


@dataclasses.dataclass(frozen=True)
class CausalLM:
    """Next-token prediction from the tokens before (GPT); see language.causal_lm."""

    # what a window holds: packed, several documents that do not see each other;
    # joined, the same as one text; separate, a part of one document
    documents: documents_lib.Documents = "packed"
    tied: bool = True  # logits by the embedding's own table, else by a layer more
    label_smoothing: float = 0.0  # share of the target spread over the vocabulary

    columns = {"text": frozenset({"stream"})}
    reads = frozenset({"causal"})
    metrics = ("loss", "perplexity", "bits_per_byte", "accuracy")
    train_steps = ("MeanLoss", "SharpnessAware")

    def __post_init__(self):
        validation.one_of(self, documents=documents_lib.Documents)
        validation.fraction(self, "label_smoothing")

    @property
    def gives(self) -> "interfaces.Names":
        """Segments, where documents are packed."""
        return frozenset({"segments"} if self.documents == "packed" else ())

    def direction(self, metric: str) -> "interfaces.Direction | None":
        """The better way for a metric, one of `metrics`."""
        if metric not in self.metrics:
            return None
        return "max" if metric == "accuracy" else "min"

    def reserves(self, inputs: "interfaces.Inputs") -> Sequence[str]:
        """None is needed. Where there is [EOS], it ends documents and is learnt.

        Raises:
          UserError: the inputs are not text, or augmented.
        """
        special_tokens.check_inputs(self, inputs)
        return ()

    def bind(
        self,
        columns: "Mapping[str, interfaces.Column]",
        preprocessor: "interfaces.Preprocessor",
    ) -> "causal_lm.CausalLMObjective":
        """The objective for a tokenizer, and windows of its max_length T."""
        from tfm.tasks.language import causal_lm

        return causal_lm.CausalLMObjective(
            preprocessor.tokenizer,
            preprocessor.config.max_length,
            documents=self.documents,
            tied=self.tied,
            label_smoothing=self.label_smoothing,
        )
