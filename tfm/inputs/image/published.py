"""What a preset of keras_nlp says of the pictures that its model was trained on."""

import functools

import numpy as np

from tfm import errors
from tfm.distribution import quiet_start
from tfm.inputs.text import presets


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
