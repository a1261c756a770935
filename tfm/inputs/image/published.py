"""Presets of keras_nlp for pictures: backbones, and how pictures are made for them."""

import functools
import json
import pathlib
import typing

import numpy as np

from tfm import errors
from tfm import files
from tfm import validation
from tfm.distribution import quiet_start
from tfm.inputs.text import presets

if typing.TYPE_CHECKING:
    import keras

_FILE = "backbone.json"  # in a run's folder, of a model without its weights


def backbone(preset: str, load_weights: bool = False) -> "keras.Model":
    """The model of a preset, or of a folder that `keep` has written.

    Raises:
      UserError: it cannot be read.
    """
    quiet_start.import_tensorflow()
    import keras
    import keras_nlp

    path = pathlib.Path(preset) / _FILE
    if not load_weights and path.is_file():
        body = json.loads(path.read_text(encoding="utf-8"))
        validation.library_objects(body, path)
        policy = keras.saving.serialize_keras_object(keras.config.dtype_policy())
        body["backbone"]["config"] |= {"dtype": policy}
        return keras.saving.deserialize_keras_object(body["backbone"])
    try:
        return keras_nlp.models.Backbone.from_preset(
            presets.located(preset), load_weights=load_weights
        )
    except (ValueError, OSError, ImportError, KeyError) as error:
        raise errors.UserError(
            f"The preset {preset!r} cannot be read: "
            f"{str(error).strip().partition(chr(10))[0]}"
        ) from error


def keep(preset: str, folder: pathlib.Path) -> None:
    """Writes the shape of a preset's model, once, to a folder that `backbone` reads."""
    if (folder / _FILE).is_file():
        return
    model = backbone(preset)
    import keras

    body = {"preset": preset, "backbone": keras.saving.serialize_keras_object(model)}
    folder.mkdir(parents=True, exist_ok=True)
    files.write_json(folder / _FILE, body)


def size(preset: str) -> int:
    """Pixels of an edge; UserError where the preset does not say."""
    found = _converter(preset).image_size
    if found is None:
        raise errors.UserError(
            f"The preset {preset!r} does not say which size it was trained on. Give "
            "--inputs.size."
        )
    height, width = found
    if height != width:
        raise errors.UserError(
            f"The preset {preset!r} was trained on {height} x {width} pixels. Give one "
            "--inputs.size."
        )
    return int(height)


def constants(preset: str, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Scale and offset of its channels, float32 [channels]; see image.constants."""
    converter = _converter(preset)
    scale = 1.0 if converter.scale is None else converter.scale
    offset = 0.0 if converter.offset is None else converter.offset
    try:
        return tuple(
            np.broadcast_to(np.float32(value), (channels,)) for value in (scale, offset)
        )
    except ValueError:
        raise errors.UserError(
            f"The preset {preset!r} was trained on pictures of {np.size(scale)} "
            f"channels. Got --inputs.channels={channels}."
        ) from None


@functools.lru_cache(maxsize=4)
def _converter(preset: str):
    quiet_start.import_tensorflow()
    import keras_nlp

    place = presets.located(preset)
    try:
        return keras_nlp.layers.ImageConverter.from_preset(place)
    except (ValueError, OSError, ImportError, KeyError) as error:
        raise errors.UserError(
            f"The preset {preset!r} does not say how its pictures were made "
            f"({str(error).strip().partition(chr(10))[0]}). Give --inputs.size and "
            "--inputs.normalize."
        ) from error
