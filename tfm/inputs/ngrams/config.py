"""Text inputs as a bag of n-grams with TF-IDF weights: the config."""

import dataclasses
import pathlib
import typing
from collections.abc import Iterable
from collections.abc import Sequence

from tfm import errors
from tfm import interfaces
from tfm.inputs.ngrams import settings

if typing.TYPE_CHECKING:
    from tfm.inputs.ngrams import preprocessor


@dataclasses.dataclass(frozen=True)
class Ngrams(settings.NgramSettings):
    """A text as its n-grams of words and of characters, in no order (bag of words).

    inputs=inputs.Ngrams(),
    model=models.NgramBag(),

    An n-gram's weight is TF-IDF, (1 + log count) * log inverse document frequency; the
    weights of a text have length 1. What an n-gram is and how rare it is, is learnt
    from the training split. N-grams of characters lie within words, with a space at
    either end. Scripts without spaces need characters alone: words=.
    """

    columns = {"text": frozenset({"text"})}
    gives = frozenset({"ngrams", "weights"})

    def fit(
        self, rows: Iterable[interfaces.Row], reserved: Sequence[str] = ()
    ) -> "preprocessor.NgramPreprocessor":
        """Reads the rows once, as a stream, and learns n-grams of their texts.

        Raises:
          UserError: there is no text; or tokens are to be reserved.
        """
        from tfm.inputs.ngrams import preprocessor

        if reserved:
            raise errors.UserError(
                f"inputs.Ngrams has no special tokens such as {reserved[0]}. Use "
                "inputs.Text."
            )
        return preprocessor.fit(self, (row["text"] for row in rows))

    def load(self, folder: str | pathlib.Path) -> "preprocessor.NgramPreprocessor":
        """The preprocessor that was saved in a folder.

        Raises:
          UserError: the folder holds none, or one of other fields.
        """
        from tfm.inputs.ngrams import preprocessor

        return preprocessor.load(self, pathlib.Path(folder))
