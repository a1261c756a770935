"""Pictures as a published model was trained on them: the config."""

import dataclasses
import pathlib
import typing
from collections.abc import Iterable
from collections.abc import Sequence

from tfm import errors
from tfm import interfaces
from tfm.inputs.image import settings

if typing.TYPE_CHECKING:
    from tfm.inputs.image import preprocessor


@dataclasses.dataclass(frozen=True)
class PretrainedImage(settings.PresetImageSettings):
    """Pictures to "pixels" of the size and range that a published model reads.

    inputs=inputs.PretrainedImage(),
    model=models.PretrainedImage(preset="resnet_18_imagenet"),
    """

    def of(self, model: object) -> "PretrainedImage":
        """These fields with the preset of `model`, a config, where none is given."""
        return dataclasses.replace(
            self, preset=self.preset or getattr(model, "preset", "")
        )

    def fit(
        self, rows: Iterable[interfaces.Row] = (), reserved: Sequence[str] = ()
    ) -> "preprocessor.ImagePreprocessor":
        """Reads the preset's size and constants.

        Args:
          rows: with "image", of the training split; read where `normalize` is data.
          reserved: left out, as there are no tokens.

        Raises:
          UserError: there is no such preset, or it does not say what is asked of it.
        """
        from tfm.inputs.image import constants
        from tfm.inputs.image import preprocessor
        from tfm.inputs.image import published

        if not self.preset:
            raise errors.UserError(
                "inputs.preset must name a preset, unless the model is a "
                "models.PretrainedImage. Got none."
            )
        size = self.size
        if size is None:
            size = published.size(self.preset)
        if self.normalize == "preset":
            scale, offset = published.constants(self.preset, self.channels)
        else:
            scale, offset = constants.of(self.normalize, self.channels, rows)
        return preprocessor.ImagePreprocessor(self, size, scale, offset)

    def load(self, folder: str | pathlib.Path) -> "preprocessor.ImagePreprocessor":
        """The preprocessor that was saved in a folder; needs no preset.

        Raises:
          UserError: the folder holds none, or one of other fields.
        """
        from tfm.inputs.image import preprocessor

        return preprocessor.load(self, pathlib.Path(folder))
