"""The place of a preset, as keras_nlp takes it, and its files."""

import pathlib

from tfm import errors
from tfm import packages

_HUGGING_FACE = "hf://"


def located(preset: str) -> str:
    """A preset's name or folder; package:NAME/FOLDER becomes a folder.

    Raises:
      UserError: the package is not installed.
    """
    if not preset.startswith(packages.PREFIX):
        return preset
    folder, inside = packages.located(preset, pip_options="--no-deps")
    return str(folder / inside)


def check(preset: str) -> None:
    """Whether a package or folder is there; names are known to keras_nlp alone.

    Raises:
      UserError: it is not.
    """
    place = located(preset)
    is_path = preset.startswith((packages.PREFIX, "/", ".", "~"))
    if is_path and not pathlib.Path(place).is_dir():
        raise errors.UserError(f"There is no folder {place}. Got preset={preset}.")
    if is_path and not (pathlib.Path(place) / "config.json").is_file():
        raise errors.UserError(
            f"A preset is a folder with config.json, which {place} lacks. "
            f"Got preset={preset}."
        )


def file(preset: str, name: str) -> pathlib.Path | None:
    """A file of a preset: in its folder, or fetched from the Hugging Face Hub.

    None where there is no such file, and for presets of other hubs, which are
    KerasHub's and are read by keras_nlp alone.

    Raises:
      UserError: the Hub does not answer.
    """
    place = located(preset)
    if not place.startswith(_HUGGING_FACE):
        path = pathlib.Path(place) / name
        return path if path.is_file() else None
    import huggingface_hub
    from huggingface_hub import errors as hub_errors

    try:
        handle = place.removeprefix(_HUGGING_FACE)
        return pathlib.Path(huggingface_hub.hf_hub_download(handle, name))
    except hub_errors.EntryNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise errors.UserError(
            f"{name} of the preset {preset!r} cannot be fetched: "
            f"{str(error).strip().partition(chr(10))[0]}"
        ) from error
