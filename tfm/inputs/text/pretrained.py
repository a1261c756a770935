"""Text inputs with the vocabulary of a published model: the config."""

import collections
import dataclasses
import pathlib
import typing
from collections.abc import Iterable
from collections.abc import Sequence

from tfm import errors
from tfm import interfaces
from tfm.inputs.text import augmentation
from tfm.inputs.text import settings

if typing.TYPE_CHECKING:
    from tfm.inputs.text import preprocessor


@dataclasses.dataclass(frozen=True)
class PretrainedText(settings.PresetTokenization):
    """Text to token ids as a published model was trained on them; nothing is learnt.

    inputs=inputs.PretrainedText(max_length=128),
    model=models.Pretrained(preset="bert_small_en_uncased"),

    The ids are those of the model's own tokenizer.json or vocabulary files, by the
    tokenizers library. The name of a special token in a text, such as [SEP], is text.
    """

    augment: augmentation.Augment = augmentation.Augment()

    columns = {"text": frozenset({"text"})}
    gives = frozenset({"tokens"})

    def of(self, model: object) -> "PretrainedText":
        """These fields with the preset of `model`, a config, where none is given."""
        return dataclasses.replace(
            self, preset=self.preset or getattr(model, "preset", "")
        )

    def fit(
        self, rows: Iterable[interfaces.Row] = (), reserved: Sequence[str] = ()
    ) -> "preprocessor.TextPreprocessor":
        """Loads the preset's tokenizer; reserves nothing.

        Args:
          rows: with "text", of the training split; read for a max_length of none alone.
          reserved: left out, as the preset decides.

        Raises:
          UserError: there is no such preset.
        """
        from tfm.inputs.text import backends
        from tfm.inputs.text import lengths
        from tfm.inputs.text import preprocessor
        from tfm.inputs.text import preset_files

        if not self.preset:
            raise errors.UserError(
                "inputs.preset must name a preset, unless the model is a "
                "models.Pretrained. Got none."
            )
        made = backends.preset(self)
        if self.max_length is not None:
            return preprocessor.TextPreprocessor(self, made)
        sample = lengths.Sample()
        collections.deque(sample.passing(row["text"] for row in rows), maxlen=0)
        most = preset_files.positions(self.preset)
        return preprocessor.of_length(self, made, lengths.of(made, sample, most))

    def load(self, folder: str | pathlib.Path) -> "preprocessor.TextPreprocessor":
        """The preprocessor that was saved in a folder; needs no preset.

        Its max_length, truncate and augment are those of this config; a max_length of
        none is the one that was saved.

        Raises:
          UserError: the folder holds none, or one of other fields.
        """
        from tfm.inputs.text import preprocessor

        return preprocessor.load(self, pathlib.Path(folder))
