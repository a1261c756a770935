"""Masked language model (BERT), masked token prediction: the fields of the task."""

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
    from tfm.tasks.language import masked_lm

_OF_PAIRS = ("next_sentence_loss", "next_sentence_accuracy")


@dataclasses.dataclass(frozen=True)
class MaskedLM:
    """Prediction of hidden tokens from those around them; see language.masked_lm."""

    mask_rate: float = 0.15  # share of the tokens that are to be told
    mask_share: float = 0.8  # of these, the share that becomes [MASK]
    random_share: float = 0.1  # and that becomes any other token; the rest stays
    whole_word: bool = False  # hide all pieces of a word, or none
    next_sentence: bool = False  # tell too whether a second piece follows the first
    # tell too, from the pooled vector, which tokens a window holds, with this weight;
    # 0: do not. See language/bag_of_words.py
    bag_of_words: float = 0.0
    # what a window holds: packed, several documents that do not see each other;
    # joined, the same as one text; separate, a part of one document, as
    # next_sentence and bag_of_words always take
    documents: documents_lib.Documents = "packed"
    tied: bool = True  # logits by the embedding's own table, else by a layer more

    columns = {"text": frozenset({"stream"})}
    train_steps = ("MeanLoss", "SharpnessAware")

    def __post_init__(self):
        validation.one_of(self, documents=documents_lib.Documents)
        validation.inner_fraction(self, "mask_rate")
        validation.at_least(self, 0, "bag_of_words")
        if min(self.mask_share, self.random_share) < 0 or (
            self.mask_share + self.random_share > 1
        ):
            raise errors.UserError(
                "mask_share and random_share must not be negative, nor above 1 "
                f"together. Got mask_share={self.mask_share}, "
                f"random_share={self.random_share}."
            )

    @property
    def reads(self) -> "interfaces.Names":
        """The sequence; the pooled vector too, for what is told of whole windows."""
        return frozenset({"sequence"} | ({"pooled"} if self._of_one else set()))

    @property
    def gives(self) -> "interfaces.Names":
        """Segments, where documents are packed; types, where there are pairs."""
        packed = self._documents == "packed"
        return frozenset(
            ({"segments"} if packed else set())
            | ({"types"} if self.next_sentence else set())
        )

    @property
    def metrics(self) -> Sequence[str]:
        """Those that this configuration computes."""
        return (
            *("loss", "perplexity", "masked_accuracy"),
            *(("masked_loss",) if self._of_one else ()),
            *(_OF_PAIRS if self.next_sentence else ()),
            *(("bag_loss",) if self.bag_of_words else ()),
        )

    def direction(self, metric: str) -> "interfaces.Direction | None":
        """The better way for a metric, one of `metrics`."""
        if metric not in self.metrics:
            return None
        return "max" if metric.endswith("_accuracy") else "min"

    def reserves(self, inputs: "interfaces.Inputs") -> Sequence[str]:
        """[MASK]; with next_sentence [CLS] and [SEP] too.

        Raises:
          UserError: the inputs are not text, or augmented; max_length or the
            vocabulary is too small.
        """
        special_tokens.check_inputs(self, inputs)
        self._check_length(inputs.max_length)
        return special_tokens.reserved(self._special_tokens, inputs)

    def bind(
        self,
        columns: "Mapping[str, interfaces.Column]",
        preprocessor: "interfaces.Preprocessor",
    ) -> "masked_lm.MaskedLMObjective":
        """The objective for a tokenizer, and windows of its max_length T.

        Raises:
          UserError: the vocabulary lacks special tokens; it says how to get them.
        """
        tokenizer, max_length = preprocessor.tokenizer, preprocessor.config.max_length
        ids = special_tokens.ids(self, self._special_tokens, tokenizer)
        self._check_length(max_length)
        from tfm.tasks.language import masked_lm
        from tfm.tasks.language import masking

        return masked_lm.MaskedLMObjective(
            tokenizer,
            max_length,
            masking.Masking(
                tokenizer,
                ids["[MASK]"],
                self.mask_rate,
                self.mask_share,
                self.random_share,
                self.whole_word,
            ),
            documents=self._documents,
            pair_ids=(ids["[CLS]"], ids["[SEP]"]) if self.next_sentence else None,
            bag_weight=self.bag_of_words,
            tied=self.tied,
        )

    @property
    def _of_one(self) -> bool:
        """Whether something is told of a whole window, which is of one document."""
        return self.next_sentence or self.bag_of_words > 0

    @property
    def _documents(self) -> documents_lib.Documents:
        return "separate" if self._of_one else self.documents

    @property
    def _special_tokens(self) -> tuple[str, ...]:
        return ("[CLS]", "[SEP]", "[MASK]") if self.next_sentence else ("[MASK]",)

    def _check_length(self, max_length: int) -> None:
        if self.next_sentence and max_length < 5:
            raise errors.UserError(
                "next_sentence needs a max_length of 5 or more: two pieces, [CLS] and "
                f"two [SEP]. Got max_length={max_length}."
            )
