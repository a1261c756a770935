"""Causal language model (GPT), next-token prediction: the fields of the task."""

import dataclasses
import typing
from collections.abc import Mapping
from collections.abc import Sequence

from tfm import errors
from tfm import validation
from tfm.tasks import special_tokens
from tfm.tasks.language import documents as documents_lib

if typing.TYPE_CHECKING:
    from tfm import interfaces
    from tfm.tasks.language import causal_lm


@dataclasses.dataclass(frozen=True)
class CausalLM:
    """Next-token prediction from the tokens before (GPT); see language.causal_lm.

    The end of a text is learnt where the corpus has it, and its first token from the
    token that begins texts: [EOS], as in GPT-2, or what a published model has for it.
    """

    # what a window holds: packed, several documents that do not see each other;
    # joined, the same as one text; separate, a part of one document
    documents: documents_lib.Documents = "packed"
    tied: bool = True  # logits by the embedding's own table, else by a layer more
    label_smoothing: float = 0.0  # share of the target spread over the vocabulary
    # tokens between the windows of the sliding_ metrics, which final evaluations have
    # beside the others: a token is told from max_length - eval_stride tokens or more.
    # none: half of max_length, as much work as the others again; 0: no such metrics
    eval_stride: int | None = None

    columns = {"text": frozenset({"stream"})}
    reads = frozenset({"causal"})
    metrics = ("loss", "perplexity", "bits_per_byte", "accuracy")
    train_steps = ("MeanLoss", "SharpnessAware")

    def __post_init__(self):
        validation.one_of(self, documents=documents_lib.Documents)
        validation.fraction(self, "label_smoothing")
        validation.at_least(self, 0, "eval_stride")

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
        """[EOS], which ends texts, and which they begin after.

        Raises:
          UserError: the inputs are not text, or augmented; the vocabulary is too small.
        """
        special_tokens.check_inputs(self, inputs)
        return special_tokens.reserved((special_tokens.EOS,), inputs)

    def bind(
        self,
        columns: "Mapping[str, interfaces.Column]",
        preprocessor: "interfaces.Preprocessor",
    ) -> "causal_lm.CausalLMObjective":
        """The objective for a tokenizer, and windows of its max_length T.

        Raises:
          UserError: the vocabulary has no token that begins texts, it says how to get
            it; or eval_stride is above T.
        """
        tokenizer, max_length = preprocessor.tokenizer, preprocessor.config.max_length
        if tokenizer.begin_id is None:
            special_tokens.ids(self, (special_tokens.EOS,), tokenizer)
        stride = max(max_length // 2, 1)
        if self.eval_stride is not None:
            stride = self.eval_stride
        if stride > max_length:
            raise errors.UserError(
                "eval_stride must not be above inputs.max_length. "
                f"Got eval_stride={stride}, max_length={max_length}."
            )
        from tfm.tasks.language import causal_lm

        return causal_lm.CausalLMObjective(
            tokenizer,
            max_length,
            documents=self.documents,
            tied=self.tied,
            label_smoothing=self.label_smoothing,
            eval_stride=stride,
        )
