"""Pairs of texts as token ids, one to read and one to write: the config.

S tokens of a text, T of its target.
"""

import dataclasses
import pathlib
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence

import numpy as np

from tfm import errors
from tfm import interfaces
from tfm.inputs.text import config as text_config
from tfm.inputs.text import measures

TARGET = "target_tokens"


@dataclasses.dataclass(frozen=True)
class TextToText:
    """Token ids of a text and its target (sequence to sequence), each with its [EOS].

    inputs=inputs.TextToText(inputs.Text(method="bpe", max_length=128)),

    One vocabulary for both is learnt of both, as related languages share words; with a
    `target` of its own each has one, as letters and phonemes do. A text that is cut
    still ends in [EOS], so that the model reads an end; a target that is cut does not,
    as the model would learn to stop there. To predict, rows have no target.
    """

    source: text_config.Text = dataclasses.field(  # of the text, and of the target
        default_factory=lambda: text_config.Text(method="bpe", max_length=128)
    )
    # of the target, if it is another; models.EncoderDecoder(share_embedding=False)
    target: text_config.Text | None = None

    columns = {"text": frozenset({"text"})}
    gives = frozenset({"tokens", TARGET})

    def __post_init__(self):
        for name in ("source", "target"):
            part = getattr(self, name)
            if part is not None and part.max_length is None:
                raise errors.UserError(
                    f"inputs.{name}.max_length must be a number: texts and targets are "
                    "of different lengths. Got none."
                )

    def fit(
        self, rows: Iterable[interfaces.Row], reserved: Sequence[str] = ()
    ) -> "TextToTextPreprocessor":
        """Learns the vocabulary of texts and targets, or one of each.

        Args:
          rows: with "text" and "target", of the training split. For two vocabularies
            the targets are kept in memory until the second is learnt.
          reserved: special tokens of both.
        """
        if self.target is None:
            return TextToTextPreprocessor(self.source.fit(_each(rows), reserved))
        targets = []
        source = self.source.fit(_keeping(rows, targets), reserved)
        return TextToTextPreprocessor(source, self.target.fit(targets, reserved))

    def load(self, folder: str | pathlib.Path) -> "TextToTextPreprocessor":
        """The preprocessor that was saved in a folder.

        Raises:
          UserError: the folder holds none, or its vocabularies are of other fields.
        """
        folder = pathlib.Path(folder)
        has_target = (folder / "target").is_dir()
        if not (folder / "source").is_dir() or has_target != (self.target is not None):
            kind = "two vocabularies" if self.target else "one vocabulary"
            raise errors.UserError(
                f"{folder} is not of an inputs.TextToText with {kind}: the ids that "
                "weights were trained on would mean other tokens."
            )
        target = self.target.load(folder / "target") if has_target else None
        return TextToTextPreprocessor(self.source.load(folder / "source"), target)


def _each(rows: Iterable[interfaces.Row]) -> Iterator[interfaces.Row]:
    for row in rows:
        yield {"text": row["text"]}
        yield {"text": row["target"]}


def _keeping(
    rows: Iterable[interfaces.Row], targets: list[interfaces.Row]
) -> Iterator[interfaces.Row]:
    for row in rows:
        targets.append({"text": row["target"]})
        yield {"text": row["text"]}


class TextToTextPreprocessor:
    """Pairs of texts to token ids; see interfaces.Preprocessor.

    Args:
      source: of the texts; its vocabulary has [EOS].
      target: of the targets; None: the same.

    Attributes:
      tokenizer: of the texts.
      target_tokenizer: of the targets.
      stored: tokens int32 [S + 1] and target_tokens int32 [T + 1].
      specs: the same.
      limits: of both, see data.cuts.
      usually_unknown: the share of characters up to which it is not warned of.
    """

    def __init__(
        self,
        source: interfaces.Preprocessor,
        target: interfaces.Preprocessor | None = None,
    ):
        self._source, self._target = source, target
        writer = target or source
        self.config = source.config
        self.tokenizer, self.target_tokenizer = source.tokenizer, writer.tokenizer
        self.stored = {
            "tokens": _longer(source.stored["tokens"]),
            TARGET: _longer(writer.stored["tokens"]),
        }
        self.specs = self.stored
        longest = {name: spec.shape[0] - 1 for name, spec in self.stored.items()}
        self.limits = {
            "tokens": ("tokens of texts", longest["tokens"]),
            TARGET: ("tokens of targets", longest[TARGET]),
        }
        self.usually_unknown = max(source.usually_unknown, writer.usually_unknown)

    def encode(self, rows: Sequence[interfaces.Row]) -> interfaces.Ragged:
        """{"tokens", "target_tokens"}: ids of each row, int32; no target, no ids."""
        found = self._source.encode(rows)["tokens"]
        targets = self.target_tokenizer.encode(_targets(rows), truncate=False)
        return self._ended(found, targets, rows)

    def encode_measured(
        self, rows: Sequence[interfaces.Row]
    ) -> tuple[interfaces.Ragged, Mapping[str, np.ndarray]]:
        """As `encode`; and what each text and each target lost, see data.cuts."""
        found, counts = self._source.encode_measured(rows)
        texts, tokenizer = _targets(rows), self.target_tokenizer
        targets = tokenizer.encode(texts, truncate=False)
        made = self._ended(found["tokens"], targets, rows)
        return made, {**counts, TARGET: measures.of(tokenizer, texts, targets)}

    def graph(self) -> Callable[[Mapping, object], Mapping]:
        """(arrays, seeds) -> arrays; with seeds, the texts are augmented."""
        augmented = self._source.graph()

        def apply(stored: Mapping, seeds) -> dict:
            tokens = augmented({"tokens": stored["tokens"]}, seeds)
            return {**stored, **tokens}

        return apply

    def raw_graph(self) -> Callable[[Mapping], Mapping]:
        """{"text": string [B]} -> the stored arrays without targets, in a graph.

        Raises:
          UserError: a tokenizer's method cannot run in a graph.
        """
        from tfm.inputs.text.graphs import pairs

        return pairs.RawPairs(
            self._source.raw_graph(), self.tokenizer, self.target_tokenizer, self.stored
        )

    def save(self, folder: pathlib.Path) -> None:
        """Writes the vocabularies to folders of their own."""
        parts = {"source": self._source, "target": self._target}
        for name, part in parts.items():
            if part is not None:
                (folder / name).mkdir()
                part.save(folder / name)

    def _ended(self, texts, targets, rows) -> interfaces.Ragged:
        most = self.stored[TARGET].shape[0]
        ends = [
            np.append(ids, np.int32(self.target_tokenizer.eos_id))[:most]
            if "target" in row
            else np.zeros(0, np.int32)
            for ids, row in zip(targets, rows, strict=True)
        ]
        end = np.int32(self.tokenizer.eos_id)
        return {"tokens": [np.append(ids, end) for ids in texts], TARGET: ends}


def _targets(rows: Sequence[interfaces.Row]) -> list[str]:
    return [row.get("target", "").strip() for row in rows]


def _longer(spec: interfaces.Spec) -> interfaces.Spec:
    return spec._replace(shape=(spec.shape[0] + 1,))
