"""Span corruption (T5), denoising of text: the fields of the task."""

import dataclasses
import typing
from collections.abc import Mapping
from collections.abc import Sequence

from tfm import validation
from tfm.tasks import special_tokens
from tfm.tasks.language import span_lengths

if typing.TYPE_CHECKING:
    from tfm import interfaces
    from tfm.tasks.language import span_corruption


@dataclasses.dataclass(frozen=True)
class SpanCorruption:
    """Denoising: spans cut out of a text, from the rest of it (T5).

    See language.span_corruption.
    """

    noise_density: float = 0.15  # share of the tokens that is cut out
    mean_span: float = 3.0  # tokens of a span that is cut out, on average
    tied: bool = True  # logits by the embedding's own table, else by a layer more
    label_smoothing: float = 0.0  # share of the target spread over the vocabulary

    columns = {"text": frozenset({"stream"})}
    reads = frozenset({"causal"})
    gives = frozenset({"decoder_tokens"})
    metrics = ("loss", "perplexity", "accuracy")
    train_steps = ("MeanLoss", "SharpnessAware")

    def __post_init__(self):
        validation.inner_fraction(self, "noise_density")
        validation.fraction(self, "label_smoothing")
        validation.at_least(self, 1, "mean_span")

    def direction(self, metric: str) -> "interfaces.Direction | None":
        """The better way for a metric, one of `metrics`."""
        if metric not in self.metrics:
            return None
        return "max" if metric == "accuracy" else "min"

    def lengths(self, max_length: int) -> span_lengths.SpanLengths:
        """The numbers of tokens in and out, of S = max_length for the encoder."""
        return span_lengths.SpanLengths(max_length, self.noise_density, self.mean_span)

    def reserves(self, inputs: "interfaces.Inputs") -> Sequence[str]:
        """[EOS], and a sentinel for each span, as `<extra_id_0>`.

        Raises:
          UserError: the inputs are not text, or augmented; max_length or the
            vocabulary is too small.
        """
        special_tokens.check_inputs(self, inputs)
        needed = self._special_tokens(inputs.max_length)
        return special_tokens.reserved(needed, inputs)

    def bind(
        self,
        columns: "Mapping[str, interfaces.Column]",
        preprocessor: "interfaces.Preprocessor",
    ) -> "span_corruption.SpanCorruptionObjective":
        """The objective for a tokenizer; S is its max_length.

        Raises:
          UserError: the vocabulary lacks special tokens; it says how to get them.
        """
        tokenizer, max_length = preprocessor.tokenizer, preprocessor.config.max_length
        needed = self._special_tokens(max_length)
        eos_id, *sentinel_ids = special_tokens.ids(self, needed, tokenizer).values()
        from tfm.tasks.language import span_corruption

        return span_corruption.SpanCorruptionObjective(
            tokenizer.vocab_size,
            self.lengths(max_length),
            eos_id,
            sentinel_ids,
            tied=self.tied,
            label_smoothing=self.label_smoothing,
        )

    def _special_tokens(self, max_length: int) -> tuple[str, ...]:
        sentinels = range(self.lengths(max_length).num_spans)
        return ("[EOS]", *(f"<extra_id_{number}>" for number in sentinels))
