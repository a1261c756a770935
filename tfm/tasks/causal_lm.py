"""Causal language modelling: the fields of the task."""

import dataclasses

from tfm import validation as ranges
from tfm.tasks import checks


@dataclasses.dataclass(frozen=True)
class CausalLM:
    """Each token from those before it (GPT); see next_tokens.NextTokens."""

    # what a window holds: packed, several documents that do not see each other;
    # joined, the same as one text; separate, a part of one document
    documents: checks.Documents = "packed"
    tied: bool = True  # logits by the embedding's own table, else by a layer more
    label_smoothing: float = 0.0  # share of the target spread over the vocabulary

    LABELED = False  # learns from plain text
    CAUSAL = True  # the model must not see what follows
    METRICS = ("loss", "perplexity", "bits_per_byte", "accuracy")

    def __post_init__(self):
        ranges.one_of(self, documents=checks.Documents)
        ranges.fraction(self, "label_smoothing")

    def is_metric(self, name: str) -> bool:
        """Whether `name` can pick the best checkpoint."""
        return name in self.METRICS

    def special_tokens(self, max_length: int) -> tuple[str, ...]:
        """None is needed. Where there is [EOS], it ends documents and is learnt."""
        return ()

    def bind(self, tokenizer, max_length: int):
        """The NextTokens for a tokenizer and T = max_length tokens an example."""
        from tfm.tasks.language import next_tokens

        return next_tokens.NextTokens(
            tokenizer,
            max_length,
            documents=self.documents,
            tied=self.tied,
            label_smoothing=self.label_smoothing,
        )
