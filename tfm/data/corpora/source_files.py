"""Files of a corpus's sources, and what of a folder is none."""

from tfm import errors
from tfm.data.corpora import settings
from tfm.data.readers import folders
from tfm.data.readers import locations


def files(config: settings.CorpusSettings, spec: str) -> list[folders.File]:
    """The files of a source, in order; of TFDS there are none.

    Raises:
      UserError: there is none, or one is a table where `config.document` is file.
    """
    if spec.startswith("tfds:"):
        return []
    found = locations.files(spec, config.format, config.texts)
    for file in found:
        if config.document == "file" and file.format != "whole":
            raise errors.UserError(
                f"document=file takes files of plain text, and {file.path} is a table "
                f"({file.format}). Set --data.document=auto, and each of its rows is a "
                "document."
            )
    return found


def left_out(config: settings.CorpusSettings, spec: str) -> str:
    """The files of a folder that are not read, by ending as `2 .png, 1 .zip`."""
    if spec.startswith("tfds:"):
        return ""
    return folders.endings(locations.left_out(spec, files(config, spec)))


def has_prose(config: settings.CorpusSettings, spec: str) -> bool:
    """Whether a file of a source is plain text."""
    return any(file.format in ("text", "whole") for file in files(config, spec))
