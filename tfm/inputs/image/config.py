"""Pictures as pixels: the config."""

import dataclasses
import pathlib
import typing
from collections.abc import Iterable
from collections.abc import Sequence

from tfm import interfaces
from tfm.inputs.image import settings

if typing.TYPE_CHECKING:
    from tfm.inputs.image import preprocessor


@dataclasses.dataclass(frozen=True)
class Image(settings.ImageSettings):
    """Pictures of any size and format to "pixels", float32 [size, size, channels].

    They stay encoded on disk, and are decoded, resized and augmented in tf.data, in
    parallel. A row's "image" is the bytes of a file, its path, a PIL.Image or an array
    uint8 [height, width, 1 or 3].
    """

    def fit(
        self, rows: Iterable[interfaces.Row] = (), reserved: Sequence[str] = ()
    ) -> "preprocessor.ImagePreprocessor":
        """Measures the channels of a sample of the rows, where `normalize` is data.

        Args:
          rows: with "image", of the training split.
          reserved: left out, as there are no tokens.
        """
        from tfm.inputs.image import constants
        from tfm.inputs.image import preprocessor

        scale, offset = constants.of(self.normalize, self.channels, rows)
        return preprocessor.ImagePreprocessor(self, self.size, scale, offset)

    def load(self, folder: str | pathlib.Path) -> "preprocessor.ImagePreprocessor":
        """The preprocessor that was saved in a folder, with this config's augment.

        Raises:
          UserError: the folder holds none, or one of other fields.
        """
        from tfm.inputs.image import preprocessor

        return preprocessor.load(self, pathlib.Path(folder))
