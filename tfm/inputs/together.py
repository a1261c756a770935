"""Several inputs of the same rows, side by side: the config and its preprocessor."""

import dataclasses
import pathlib
import re
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence

import numpy as np

from tfm import errors
from tfm import interfaces
from tfm import validation


@dataclasses.dataclass(frozen=True)
class Together:
    """The arrays of several inputs (multiple inputs, feature fusion).

    inputs=inputs.Together({"text": inputs.Text(), "ngrams": inputs.Ngrams()}),
    model=models.Together({"lstm": models.LSTM(), "ngrams": models.NgramBag()}),

    A part is set by its name: --inputs.parts.text.vocab_size=8000. Each part reads its
    own columns of a row, or those that others read too. While they are fitted all
    training rows are in memory.
    """

    parts: Mapping[str, interfaces.Inputs]  # by names of your choice

    def __post_init__(self):
        validation.configs(self, "parts")
        validation.filled(self, "parts")
        owner = {}
        for name, part in self.parts.items():
            if not re.fullmatch(r"[\w-]+", name):
                raise errors.UserError(
                    "Parts of inputs.Together are saved in folders of their names, of "
                    f"letters, digits, _ and -. Got {name!r}."
                )
            if isinstance(part, interfaces.OutOfFold | interfaces.FollowsModel):
                raise errors.UserError(
                    "inputs.Together takes inputs that are fitted without labels and "
                    f"without the model. Got {name}={type(part).__name__}."
                )
            for array in part.gives:
                if array in owner:
                    raise errors.UserError(
                        "Parts of inputs.Together must give arrays of different "
                        f"names. Got {array} of {owner[array]} and of {name}."
                    )
                owner[array] = name

    @property
    def columns(self) -> interfaces.Kinds:
        """The columns that parts read; of one that several read, the kinds of all."""
        found = {}
        for part in self.parts.values():
            for column, kinds in part.columns.items():
                found[column] = found.get(column, kinds) & kinds
        return found

    @property
    def gives(self) -> interfaces.Names:
        """Names of the arrays of all parts."""
        return frozenset().union(*(part.gives for part in self.parts.values()))

    def fit(
        self, rows: Iterable[interfaces.Row], reserved: Sequence[str] = ()
    ) -> "TogetherPreprocessor":
        """Fits each part on the rows; special tokens are reserved in each."""
        rows = list(rows)
        return TogetherPreprocessor(
            {name: part.fit(rows, reserved) for name, part in self.parts.items()}
        )

    def load(self, folder: str | pathlib.Path) -> "TogetherPreprocessor":
        """The preprocessor that was saved in a folder, of a folder for each part.

        Raises:
          UserError: a part's folder holds none, or one of other fields.
        """
        folder = pathlib.Path(folder)
        return TogetherPreprocessor(
            {name: part.load(folder / name) for name, part in self.parts.items()}
        )


class TogetherPreprocessor:
    """Rows to the arrays of all parts; see interfaces.Preprocessor.

    Args:
      parts: fitted preprocessors by name.

    Attributes:
      stored: of all parts; so are specs.
      limits: likewise, of those that measure; see data.cuts.Measures.
      usually_unknown: the least of theirs.
      tokenizer: of the first part that has one; else there is none.
    """

    def __init__(self, parts: Mapping[str, interfaces.Preprocessor]):
        self._parts = dict(parts)
        self.stored, self.specs, self.limits = {}, {}, {}
        unknown = [1.0]
        for part in reversed(self._parts.values()):
            self.stored |= part.stored
            self.specs |= part.specs
            self.limits |= getattr(part, "limits", {})
            unknown.append(getattr(part, "usually_unknown", 1.0))
            if hasattr(part, "tokenizer"):
                self.tokenizer = part.tokenizer
        self.usually_unknown = min(unknown)

    def encode(self, rows: Sequence[interfaces.Row]) -> interfaces.Ragged:
        """The stored arrays of all parts."""
        found = {}
        for part in self._parts.values():
            found |= part.encode(rows)
        return found

    def encode_measured(
        self, rows: Sequence[interfaces.Row]
    ) -> tuple[interfaces.Ragged, Mapping[str, np.ndarray]]:
        """As `encode`, and the counts of those parts that measure."""
        found, counts = {}, {}
        for part in self._parts.values():
            if hasattr(part, "encode_measured"):
                arrays, measured = part.encode_measured(rows)
                found, counts = found | arrays, counts | measured
            else:
                found |= part.encode(rows)
        return found, counts

    def graph(self) -> Callable[[Mapping, object], Mapping]:
        """(arrays, seeds) -> arrays of `specs`; each part is given its own."""
        graphs = [(part.graph(), tuple(part.stored)) for part in self._parts.values()]

        def together(stored: Mapping, seeds) -> dict:
            found = {}
            for graph, names in graphs:
                found |= graph({name: stored[name] for name in names}, seeds)
            return found

        return together

    def raw_graph(self) -> Callable[[Mapping], Mapping] | None:
        """{column: tensor [B]} -> the stored arrays of all parts, in a graph.

        Returns:
          None where one of the parts has none.
        """
        found = [
            part.raw_graph() if isinstance(part, interfaces.RawGraph) else None
            for part in self._parts.values()
        ]
        if None in found:
            return None
        from tfm.inputs import together_graph

        return together_graph.RawTogether(found)

    def save(self, folder: pathlib.Path) -> None:
        """Writes each part to a folder of its name."""
        for name, part in self._parts.items():
            (folder / name).mkdir()
            part.save(folder / name)
