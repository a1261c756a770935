"""The fields of tokenization: what a tokenizer is learnt and runs by."""

import collections
import dataclasses
from typing import Literal

from tfm import errors
from tfm import validation

FILE = "tokens.json"  # holds the fields, in the folder of a saved tokenizer
PADDING = "[PAD]"
UNKNOWN = "[UNK]"
# fields that do not decide what an id means
FREE = ("max_length", "truncate", "preset")

Method = Literal["word", "wordpiece", "bpe", "unigram", "character", "byte"]
Truncate = Literal["end", "start", "middle"]

# The fewest ids that a method learns: every byte, and unigram needs two pieces more.
_FEWEST = collections.defaultdict(lambda: 1, bpe=256, unigram=258)


@dataclasses.dataclass(frozen=True)
class Tokenization:
    """Text to ids by a vocabulary that is learnt; see config.Text."""

    method: Method = "word"  # what becomes a token
    vocab_size: int = 10_000  # ids at the most, special tokens too; byte: always 258+
    # word: those that the training texts have less often are unknown; other methods
    # divide rare words
    min_count: int = 1
    # tokens, after truncation; none: what 95 % of the training texts need, up to 512
    max_length: int | None = 256
    truncate: Truncate = "end"  # what is cut off a text that is too long
    lowercase: bool = True  # "The" and "the" are one token
    strip_html: bool = False  # replace tags such as <br /> by a space
    # reserved after padding and unknown, e.g. "[CLS]", "[SEP]", "[MASK]"
    special_tokens: tuple[str, ...] = ()

    def __post_init__(self):
        validation.one_of(self, method=Method, truncate=Truncate)
        validation.at_least(self, 1, "max_length", "min_count")
        if isinstance(self.special_tokens, str) or not all(self.special_tokens):
            raise errors.UserError(
                "special_tokens must be a tuple of names. "
                f"Got special_tokens={self.special_tokens!r}."
            )
        if len(set(self.reserved)) < len(self.reserved):
            raise errors.UserError(
                f"special_tokens must differ from each other, {PADDING} and {UNKNOWN}. "
                f"Got special_tokens={self.special_tokens!r}."
            )
        smallest = len(self.reserved) + _FEWEST[self.method]
        if self.method != "byte" and self.vocab_size < smallest:
            raise errors.UserError(
                f"vocab_size must be at least {smallest} for method={self.method} and "
                f"{len(self.special_tokens)} special tokens. "
                f"Got vocab_size={self.vocab_size}."
            )

    @property
    def reserved(self) -> tuple[str, ...]:
        """The tokens that no text can produce, in the order of their ids."""
        return (PADDING, UNKNOWN, *self.special_tokens)


@dataclasses.dataclass(frozen=True)
class PresetTokenization:
    """Text to ids as a published model was trained; see pretrained.PretrainedText."""

    # a keras_nlp preset, a folder or package:NAME/FOLDER; empty: the model's
    preset: str = ""
    # tokens, after truncation, with those that enclose the text; none: what 95 % of the
    # training texts need, up to 512 and to the positions that the model knows
    max_length: int | None = 256
    truncate: Truncate = "end"  # what is cut off a text that is too long
    strip_html: bool = False  # replace tags such as <br /> by a space
    # enclose each text by what the model knows as begin and end, as [CLS] and [SEP]
    enclose: bool = True

    # what the preset decides, where a Tokenization has fields
    method, lowercase, special_tokens = "pretrained", False, ()

    def __post_init__(self):
        validation.one_of(self, truncate=Truncate)
        if self.max_length is not None and self.max_length < 3:
            raise errors.UserError(
                "max_length must be at least 3: begin, a token and end. "
                f"Got max_length={self.max_length}."
            )


def tokenization(config: Tokenization | PresetTokenization):
    """The fields of a config that are its tokenizer's; others stay away."""
    base = Tokenization if isinstance(config, Tokenization) else PresetTokenization
    names = [field.name for field in dataclasses.fields(base)]
    return base(**{name: getattr(config, name) for name in names})
