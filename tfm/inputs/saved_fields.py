"""Fields of a config that were saved with what was learnt by them."""

import json
import pathlib
from collections.abc import Mapping

from tfm import errors


def check_same(
    fields: Mapping[str, object], saved: Mapping, folder: pathlib.Path, what: str
) -> None:
    """Raises UserError where the fields of a config are not those saved in a folder.

    Args:
      fields: that decide what a value means.
      saved: from the folder's JSON.
      folder: for the message.
      what: the values, as "n-grams".
    """
    for name, value in json.loads(json.dumps(fields)).items():
        if saved.get(name) != value:
            raise errors.UserError(
                f"Weights fit only the {what} that they were trained on. {folder} has "
                f"{name}={saved.get(name)}; got {name}={value}."
            )
