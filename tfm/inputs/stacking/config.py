"""Text inputs as scores of simple classifiers (stacking): the config."""

import dataclasses
import pathlib
import typing
from collections.abc import Iterable
from collections.abc import Sequence

from tfm import interfaces
from tfm.inputs.stacking import settings

if typing.TYPE_CHECKING:
    from tfm.inputs.stacking import preprocessor


@dataclasses.dataclass(frozen=True)
class Stacked(settings.StackingSettings):
    """A text as the scores that simple classifiers give it, for models.Stacked.

    inputs=inputs.Stacked(),
    model=models.Stacked(),

    Each part is a linear support vector machine that is fitted on the training split,
    once, when the data is prepared. A training text's scores come from machines that
    were fitted without it (out of fold), so that what is learnt on top does not take
    them for better than they are. So do those of validation texts that were cut from
    the training source: nothing of it is lost to the machines that score new texts.
    Source: Wolpert 1992, "Stacked generalization".
    """

    columns = {"text": frozenset({"text"})}
    gives = frozenset({"scores"})

    def fit(
        self, rows: Iterable[interfaces.Row], reserved: Sequence[str] = ()
    ) -> "preprocessor.StackingPreprocessor":
        """Fits the parts on rows with "text" and "label", of the training split.

        Raises:
          UserError: the rows have no labels; or there is no text.
        """
        from tfm.inputs.stacking import preprocessor

        return preprocessor.fit(self, rows)

    def load(self, folder: str | pathlib.Path) -> "preprocessor.StackingPreprocessor":
        """The preprocessor that was saved in a folder.

        Raises:
          UserError: the folder holds none, or one of other fields.
        """
        from tfm.inputs.stacking import preprocessor

        return preprocessor.load(self, pathlib.Path(folder))
