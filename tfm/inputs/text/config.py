"""How texts become ids: the config, and the door to the backend it names."""

import collections
import dataclasses
import json
import pathlib
import typing
from collections.abc import Iterable
from typing import Literal

from tfm import errors
from tfm import validation as ranges

if typing.TYPE_CHECKING:
    from tfm.inputs.text import tokenizer

FILE = "tokens.json"
PADDING = "[PAD]"
UNKNOWN = "[UNK]"

Method = Literal["word", "wordpiece", "bpe", "unigram", "character", "byte"]
Truncate = Literal["end", "start", "middle"]

# The fewest ids that a method learns: every byte, and unigram needs two pieces more.
_FEWEST = collections.defaultdict(lambda: 1, bpe=256, unigram=258)


@dataclasses.dataclass(frozen=True)
class Tokens:
    """Text to ids.

    Padding is id 0, unknown id 1, then come `special_tokens`, then what is learnt.
    No text can produce id 0 or the id of a special token.

    | method | a token is | unknown | decode(encode(text)) |
    |---|---|---|---|
    | word | a word or a punctuation mark | words left out | joined by spaces |
    | wordpiece | a piece of a word | words with new characters | joined by spaces |
    | bpe | bytes that often go together | never | the text |
    | unigram | characters that often go together | never | the text, "▁" a space |
    | character | a Unicode character | characters left out | the text |
    | byte | a byte of UTF-8 | never | the text |

    where "the text" is the text as `normalization.normalize` leaves it.
    """

    method: Method = "word"  # what becomes a token
    vocab_size: int = 10_000  # ids at the most, special tokens too; byte: always 258+
    max_length: int = 256  # tokens, after truncation
    truncate: Truncate = "end"  # what is cut off a text that is too long
    lowercase: bool = True  # "The" and "the" are one token
    strip_html: bool = False  # replace tags such as <br /> by a space
    # reserved after padding and unknown, e.g. "[CLS]", "[SEP]", "[MASK]"
    special_tokens: tuple[str, ...] = ()

    def __post_init__(self):
        ranges.one_of(self, method=Method, truncate=Truncate)
        ranges.at_least(self, 1, "max_length")
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

    def learn(self, texts: Iterable[str]) -> "tokenizer.Tokenizer":
        """Reads the texts once, as a stream, and learns a vocabulary from them.

        The same texts give the same vocabulary on every machine.

        Raises:
          UserError: no text holds a character other than white space.
        """
        return self._backend().learn(self, texts)

    def _backend(self) -> "type[tokenizer.Tokenizer]":
        if self.method == "unigram":
            from tfm.inputs.text import unigram

            return unigram.Unigram
        if self.method in ("character", "byte"):
            from tfm.inputs.text import characters

            return {"character": characters.Characters, "byte": characters.Bytes}[
                self.method
            ]
        from tfm.inputs.text import words

        return words.Words


def load(folder: str | pathlib.Path) -> "tokenizer.Tokenizer":
    """Returns the tokenizer that `Tokenizer.save` put in the folder.

    Raises:
      UserError: the folder holds no tokenizer.
    """
    path = pathlib.Path(folder) / FILE
    if not path.is_file():
        raise errors.UserError(f"A tokenizer's folder must hold {FILE}. Got {folder}.")
    fields = json.loads(path.read_text(encoding="utf-8"))
    if "preset" in fields:
        from tfm.inputs.text import pretrained

        return pretrained.load(pathlib.Path(folder))
    config = Tokens(**fields | {"special_tokens": tuple(fields["special_tokens"])})
    return config._backend().load(config, pathlib.Path(folder))
