"""Text inputs with a vocabulary that is learnt: the config."""

import collections
import dataclasses
import pathlib
import typing
from collections.abc import Iterable
from collections.abc import Sequence

from tfm import interfaces
from tfm.inputs.text import augmentation
from tfm.inputs.text import settings

if typing.TYPE_CHECKING:
    from tfm.inputs.text import preprocessor


@dataclasses.dataclass(frozen=True)
class Text(settings.Tokenization):
    """Text to token ids, by a vocabulary of the training split.

    Padding is id 0, unknown id 1, then come `special_tokens`, then what is learnt.
    No text can produce id 0 or the id of a special token.

    | method | a token is | unknown | decode(encode(text)) |
    |---|---|---|---|
    | word | a word or a punctuation mark | words left out | joined by spaces |
    | wordpiece | a piece of a word | words with new characters* | joined by spaces |
    | bpe | bytes that often go together | never | the text |
    | unigram | characters that often go together | never | the text, "▁" a space |
    | character | a Unicode character | characters left out | the text |
    | byte | a byte of UTF-8 | never | the text |

    where "the text" is the text as `normalization.normalize` leaves it.

    * In scripts without spaces (Thai, Lao, Khmer, Burmese, kana) and in words of more
    than 100 characters, the new characters alone; see word_pieces. There the method
    word takes phrases for words.
    """

    augment: augmentation.Augment = augmentation.Augment()

    columns = {"text": frozenset({"text"})}
    gives = frozenset({"tokens"})

    def fit(
        self, rows: Iterable[interfaces.Row], reserved: Sequence[str] = ()
    ) -> "preprocessor.TextPreprocessor":
        """Reads the rows once, as a stream, and learns a vocabulary from their texts.

        Args:
          rows: with "text", of the training split.
          reserved: special tokens besides those of the config.

        Raises:
          UserError: no text holds a character other than white space.
        """
        from tfm.inputs.text import backends
        from tfm.inputs.text import lengths
        from tfm.inputs.text import preprocessor

        special_tokens = tuple(dict.fromkeys((*self.special_tokens, *reserved)))
        config = dataclasses.replace(self, special_tokens=special_tokens)
        texts = (row["text"] for row in rows)
        if self.max_length is not None:
            made = backends.learn(config, texts)
            return preprocessor.TextPreprocessor(config, made)
        sample = lengths.Sample()
        passing = sample.passing(texts)
        made = backends.learn(config, passing)
        collections.deque(passing, maxlen=0)  # bytes are not learnt: none was read
        return preprocessor.of_length(config, made, lengths.of(made, sample))

    def load(self, folder: str | pathlib.Path) -> "preprocessor.TextPreprocessor":
        """The preprocessor that was saved in a folder.

        Its max_length, truncate and augment are those of this config; a max_length of
        none is the one that was saved.

        Raises:
          UserError: the folder holds none, or its vocabulary is of other fields.
        """
        from tfm.inputs.text import preprocessor

        return preprocessor.load(self, pathlib.Path(folder))
