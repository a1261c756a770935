"""Preprocessor of pictures: encoded bytes on disk, pixels by the graph.

B batch, S edge, C channels.
"""

import json
import pathlib
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from concurrent import futures

import numpy as np

from tfm import errors
from tfm import files
from tfm import interfaces
from tfm.inputs import saved_fields
from tfm.inputs.image import codecs
from tfm.inputs.image import settings

_FILE = "image.json"
_KEPT = ("channels", "resize", "normalize")  # fields that weights depend on
# streams of random numbers, each for one use; those of a partner come after
_CROP, _FLIP, _SHIFT, _MIX, _OPERATIONS, _PARTNER = 0, 1, 2, 3, 10, 1000


class ImagePreprocessor:
    """Pictures to pixels; see interfaces.Preprocessor.

    Args:
      config: an ImageSettings.
      size: S.
      scale: float32 [C]; a pixel p from 0 to 255 becomes p * scale + offset.
      offset: likewise.

    Attributes:
      mixes: whether the examples of training have partners; see data.partners.
    """

    def __init__(self, config: settings.ImageSettings, size: int, scale, offset):
        self.config, self.size = config, size
        self.scale, self.offset = np.float32(scale), np.float32(offset)
        self.mixes = config.augment.mixes
        self.stored = {"image": interfaces.Spec((), "string")}
        shape = (size, size, config.channels)
        self.specs = {"pixels": interfaces.Spec(shape, "float32")}

    def encode(self, rows: Sequence[interfaces.Row]) -> interfaces.Ragged:
        """The bytes of the pictures, those of others turned into PNG; see codecs.

        Raises:
          RowError: a picture is broken.
        """

        def one(row) -> bytes:
            data = codecs.encoded(row["image"])
            return codecs.plain(data, self.config.channels)

        with futures.ThreadPoolExecutor() as threads:  # Pillow lets others run
            return {"image": list(threads.map(one, rows))}

    def graph(self) -> Callable[[Mapping, object], Mapping]:
        """(stored, seeds) -> "pixels" float32 [B, S, S, C].

        Where stored "image" is [B, 2], each is mixed with its partner, and "own_share"
        float32 [B] says by how much its own label counts.
        """
        import tensorflow as tf

        from tfm.inputs.image import mixing

        augment = self.config.augment

        def apply(stored: Mapping, seeds) -> dict:
            encoded = tf.convert_to_tensor(stored["image"])
            found = {}
            if encoded.shape.rank == 2:
                pixels_BHWC = self._pixels(encoded[:, 0], seeds, 0)
                partners_BHWC = self._pixels(encoded[:, 1], seeds, _PARTNER)
                pixels_BHWC, found["own_share"] = mixing.mix(
                    pixels_BHWC,
                    partners_BHWC,
                    seeds,
                    _MIX,
                    augment.mixup,
                    augment.cutmix,
                )
            else:
                pixels_BHWC = self._pixels(encoded, seeds, 0)
            scale, offset = tf.constant(self.scale), tf.constant(self.offset)
            return found | {"pixels": pixels_BHWC * scale + offset}

        return apply

    def raw_graph(self) -> Callable[[Mapping], Mapping]:
        """{"image": bytes [B]} -> stored arrays: as they are.

        What `encode` would turn into PNG is not, as a WebP, which cannot be decoded
        then, or a photograph that EXIF says is to be rotated.
        """
        return lambda raw: {"image": raw["image"]}

    def _pixels(self, encoded_B, seeds, stream: int):
        """Decoded and, with seeds, augmented pictures, from 0 to 255."""
        from tfm.inputs.image import decoding
        from tfm.inputs.image import geometry
        from tfm.inputs.image import rand_augment
        from tfm.inputs.image import randomness

        config, augment, crops = self.config, self.config.augment, None
        if seeds is not None and augment.crop < 1:
            drawn_B4 = randomness.uniform(seeds, stream + _CROP, 4)
            crops = decoding.crops(drawn_B4, augment.crop)
        pixels_BHWC = decoding.decoded(
            encoded_B, self.size, config.channels, config.resize, crops
        )
        if seeds is None:
            return pixels_BHWC
        drawn_B2 = randomness.uniform(seeds, stream + _FLIP, 2)
        if augment.flip:
            pixels_BHWC = geometry.flip(pixels_BHWC, drawn_B2[:, 0] < 0.5, 2)
        if augment.flip_vertical:
            pixels_BHWC = geometry.flip(pixels_BHWC, drawn_B2[:, 1] < 0.5, 1)
        if augment.shift:
            drawn_B2 = randomness.uniform(seeds, stream + _SHIFT, 2)
            most = augment.shift * self.size
            pixels_BHWC = geometry.shifted(pixels_BHWC, drawn_B2, most)
        if augment.operations:
            pixels_BHWC = rand_augment.rand_augment(
                pixels_BHWC,
                seeds,
                stream + _OPERATIONS,
                augment.operations,
                augment.magnitude,
            )
        return pixels_BHWC

    def save(self, folder: pathlib.Path) -> None:
        """Writes the fields that weights depend on, and the channels' constants."""
        body = {name: getattr(self.config, name, None) for name in _KEPT}
        body |= {"size": self.size}
        body |= {"scale": self.scale.tolist(), "offset": self.offset.tolist()}
        files.write_json(folder / _FILE, body)


def load(config: settings.ImageSettings, folder: pathlib.Path) -> ImagePreprocessor:
    """The preprocessor that was saved in a folder; see config.Image.load."""
    path = folder / _FILE
    if not path.is_file():
        raise errors.UserError(f"{folder} holds no preprocessor of pictures.")
    saved = json.loads(path.read_text("utf-8"))
    fields = {name: getattr(config, name, None) for name in _KEPT}
    if config.size is not None:
        fields["size"] = config.size
    saved_fields.check_same(fields, saved, folder, "pictures")
    return ImagePreprocessor(config, saved["size"], saved["scale"], saved["offset"])
