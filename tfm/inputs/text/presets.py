"""The place of a preset, as keras_nlp takes it."""

from tfm import packages


def located(preset: str) -> str:
    """A preset's name or folder; package:NAME/FOLDER becomes a folder.

    Raises:
      UserError: the package is not installed.
    """
    if not preset.startswith(packages.PREFIX):
        return preset
    folder, inside = packages.located(preset, pip_options="--no-deps")
    return str(folder / inside)
