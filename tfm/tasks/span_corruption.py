"""Span corruption: the fields of the task."""

import dataclasses

from tfm import validation as ranges
from tfm.tasks import checks
from tfm.tasks.language import span_lengths


@dataclasses.dataclass(frozen=True)
class SpanCorruption:
    """What was cut out of a text, from the rest (T5); see denoising.Denoising."""

    noise_density: float = 0.15  # share of the tokens that is cut out
    mean_span: float = 3.0  # tokens of a span that is cut out, on average
    tied: bool = True  # logits by the embedding's own table, else by a layer more
    label_smoothing: float = 0.0  # share of the target spread over the vocabulary

    LABELED = False  # learns from plain text
    METRICS = ("loss", "perplexity", "accuracy")

    def __post_init__(self):
        ranges.inner_fraction(self, "noise_density")
        ranges.fraction(self, "label_smoothing")
        ranges.at_least(self, 1, "mean_span")

    def is_metric(self, name: str) -> bool:
        """Whether `name` can pick the best checkpoint."""
        return name in self.METRICS

    def lengths(self, max_length: int) -> span_lengths.SpanLengths:
        """How many tokens go in and come out, of S = max_length for the encoder."""
        return span_lengths.SpanLengths(max_length, self.noise_density, self.mean_span)

    def special_tokens(self, max_length: int) -> tuple[str, ...]:
        """What the vocabulary must have: [EOS], and a sentinel for each span."""
        sentinels = range(self.lengths(max_length).num_spans)
        return ("[EOS]", *(f"<extra_id_{number}>" for number in sentinels))

    def bind(self, tokenizer, max_length: int):
        """The Denoising for a tokenizer and S = max_length tokens of the encoder."""
        eos_id, *sentinel_ids = checks.special_ids(self, tokenizer, max_length).values()
        from tfm.tasks.language import denoising

        return denoising.Denoising(
            tokenizer.vocab_size,
            self.lengths(max_length),
            eos_id,
            sentinel_ids,
            tied=self.tied,
            label_smoothing=self.label_smoothing,
        )
