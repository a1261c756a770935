"""Masked language modelling: the fields of the task."""

import dataclasses

from tfm import errors
from tfm import validation as ranges
from tfm.tasks import checks


@dataclasses.dataclass(frozen=True)
class MaskedLM:
    """Hidden tokens from those around them (BERT); see masked_tokens.MaskedTokens."""

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
    documents: checks.Documents = "packed"
    tied: bool = True  # logits by the embedding's own table, else by a layer more

    LABELED = False  # learns from plain text
    METRICS = (
        "loss",
        "perplexity",
        "masked_accuracy",
        "masked_loss",
        "next_sentence_accuracy",
        "next_sentence_loss",
        "bag_loss",
    )

    def __post_init__(self):
        ranges.one_of(self, documents=checks.Documents)
        ranges.inner_fraction(self, "mask_rate")
        ranges.at_least(self, 0, "bag_of_words")
        if min(self.mask_share, self.random_share) < 0 or (
            self.mask_share + self.random_share > 1
        ):
            raise errors.UserError(
                "mask_share and random_share must not be negative, nor above 1 "
                f"together. Got mask_share={self.mask_share}, "
                f"random_share={self.random_share}."
            )

    def is_metric(self, name: str) -> bool:
        """Whether `name` can pick the best checkpoint."""
        if name.startswith("next_sentence"):
            return self.next_sentence
        if name == "bag_loss":
            return self.bag_of_words > 0
        if name == "masked_loss":
            return self.next_sentence or self.bag_of_words > 0
        return name in self.METRICS

    def special_tokens(self, max_length: int) -> tuple[str, ...]:
        """What the vocabulary must have: [MASK], and what next_sentence adds."""
        return ("[CLS]", "[SEP]", "[MASK]") if self.next_sentence else ("[MASK]",)

    def bind(self, tokenizer, max_length: int):
        """The MaskedTokens for a tokenizer and T = max_length tokens an example."""
        ids = checks.special_ids(self, tokenizer, max_length)
        if self.next_sentence and max_length < 5:
            raise errors.UserError(
                "next_sentence needs a max_length of 5 or more: two pieces, [CLS] and "
                f"two [SEP]. Got max_length={max_length}."
            )
        from tfm.tasks.language import masked_tokens
        from tfm.tasks.language import masking

        of_one = self.next_sentence or self.bag_of_words > 0
        documents = "separate" if of_one else self.documents
        return masked_tokens.MaskedTokens(
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
            documents=documents,
            pair_ids=(ids["[CLS]"], ids["[SEP]"]) if self.next_sentence else None,
            bag_weight=self.bag_of_words,
            tied=self.tied,
        )
