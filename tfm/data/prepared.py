"""The settings and sources of a prepared folder, which must stay as they were."""

import dataclasses
import json
import pathlib
from collections.abc import Mapping

from tfm import errors
from tfm.data import fingerprints
from tfm.data.readers import folders
from tfm.data.readers import locations


def sources_of(
    config, specs: Mapping[str, str], texts: folders.Texts = "classes"
) -> dict[str, object]:
    """Entries of a meta.json: the settings, and the sources with their fingerprints.

    Args:
      config: of the data; its `bad_rows` decides about no row that is kept.
      specs: the sources by name, such as train; perhaps empty ones.
      texts: what their files of plain text are.
    """
    found = {
        name: fingerprints.fingerprint(spec, config.format, texts)
        for name, spec in specs.items()
    }
    return {
        "config": _settings(config),
        "fingerprints": found,
        "paths": {name: locations.absolute(spec) for name, spec in specs.items()},
        "texts": texts,
    }


def check_same(config, meta: Mapping, folder: pathlib.Path) -> None:
    """Raises UserError where a folder was made by other settings, or of other files.

    Args:
      config: of the data. Fields that it `found`, and that are empty, may differ.
      meta: the folder's, with what `sources_of` gave.
      folder: for the message.
    """
    rule = (
        "Splitting anew would train on former test texts: start another run folder, "
        f"or delete {folder} to prepare it anew"
    )
    for name, value in _settings(config).items():
        if name in config.found and not value:
            continue  # it was found when the data was prepared
        before = meta["config"].get(name, value)  # a field may be new
        if value != before:
            raise errors.UserError(
                f"{folder} was prepared with {name}={before!r}, not {name}={value!r}. "
                f"{rule}."
            )
    for name, old in meta["fingerprints"].items():
        path = meta["paths"][name]  # the user may stand elsewhere now
        texts = meta.get("texts", "classes")
        if not fingerprints.is_unchanged(path, config.format, old, texts):
            raise errors.UserError(
                f"{path} has changed since {folder} was prepared from it. {rule}."
            )


def _settings(config) -> dict[str, object]:
    """The settings that decide about the rows and their splits."""
    settings = json.loads(json.dumps(dataclasses.asdict(config)))
    del settings["bad_rows"]
    return settings
