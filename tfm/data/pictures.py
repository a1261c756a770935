"""Pictures as the content of labelled data; see contents.Content."""

import collections
import dataclasses
import hashlib
import itertools
import pathlib
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from concurrent import futures

from tfm import errors
from tfm import interfaces
from tfm.data import labeled_settings
from tfm.data import picture_columns
from tfm.data.readers import formats
from tfm.data.readers import locations
from tfm.data.readers import picture_files
from tfm.data.readers import sources

_AHEAD = 64  # pictures that are being checked at a time, at the most


class Pictures:
    """Pictures, as the bytes of their files; see contents.Content.

    Args:
      config: a LabeledImages.
    """

    column, files, is_bytes, looked_at = "image", "pictures", True, 100

    def __init__(self, config: labeled_settings.LabeledSettings):
        self._config = config

    def reading(self, **others) -> sources.Reading:
        fields = {"text": self._config.image, "pictures": True} | others
        return sources.Reading.of(self._config, **fields)

    def columns(self, spec: str, format: str = "auto") -> tuple[str, str]:
        """See picture_columns."""
        reading = self.reading(format=format, label=self._config.label)
        return picture_columns.found(spec, reading, label=True)

    def taken(
        self, rows: Iterable[formats.Row]
    ) -> Iterator[tuple[formats.Row, bytes, str]]:
        """Each picture is decoded, to see whether it is whole; several at a time."""
        name = self._config.image
        with futures.ThreadPoolExecutor() as threads:
            waiting: collections.deque = collections.deque()
            rows = iter(rows)
            while True:
                for row in itertools.islice(rows, _AHEAD - len(waiting)):
                    waiting.append((row, threads.submit(_checked, row, name)))
                if not waiting:
                    return
                row, made = waiting.popleft()
                yield row, *made.result()

    def unlabeled(self, spec: str) -> Iterator[interfaces.Read]:
        """A row's "image" is its path where it has one. It is not checked here.

        A run that has learnt from a folder takes tables too, whatever their columns.
        """
        reading = self.reading(format="auto", all_columns=True)
        if reading.text in ("", self.column):
            reading = dataclasses.replace(reading, text="")
            name, _ = picture_columns.found(spec, reading, label=False)
            reading = dataclasses.replace(reading, text=name)
        for row in sources.read(spec, reading):
            place = f"{row.origin}:{row.line}"
            if row.problem:
                yield interfaces.Read({"image": ""}, {}, place, row.problem)
                continue
            value = _located(row.values[reading.text], row.origin)
            shown = _shown(row.values, reading.text, row.origin, row.line)
            problem = "" if value else "no picture"
            yield interfaces.Read({"image": value or ""}, shown, place, problem)

    def digest(self, content: bytes) -> bytes:
        """Equal for files of the same bytes."""
        return hashlib.blake2b(content, digest_size=16).digest()

    def doubtful(self, content: bytes) -> str:
        return ""

    def shown(
        self, values: Mapping[str, object], origin: str, line: int
    ) -> dict[str, object]:
        """The values, with the picture's path or place for its bytes, as "file"."""
        return _shown(values, self._config.image, origin, line)

    def error(self, origin: str, line: int, problem: str) -> errors.UserError:
        cure = "Mend or remove the picture"
        if problem == "no label":
            cure = "Put the picture into a folder that is named for its class"
        return errors.UserError(
            f"{origin}:{line}: {problem}. {cure}, or skip such rows with "
            "--data.bad_rows=skip."
        )


def expanded(config):
    """A LabeledImages with a source for each split that `train` is made of.

    Those that the user has named stay.

    Raises:
      UserError: the source is not there.
    """
    if config.train.startswith("tfds:"):
        return config
    found = picture_files.parts(locations.located(config.train))
    if not found:
        return config
    taken = {
        name: str(path)
        for name, path in found.items()
        if name == "train" or not getattr(config, name)
    }
    return dataclasses.replace(config, **taken)


def _checked(row: formats.Row, name: str) -> tuple[bytes, str]:
    """The bytes of a row's picture, and what is wrong with it."""
    from tfm.inputs.image import codecs

    if row.problem:
        return b"", row.problem
    value = row.values[name]
    if value is None or value == "":
        return b"", "no picture"
    try:
        data = codecs.encoded(value, pathlib.Path(row.origin).parent)
    except errors.RowError as error:
        return b"", str(error)
    return data, codecs.problem(data)


def _located(value: object, origin: str):
    """A path from the folder of its table; other values as they are."""
    if isinstance(value, Mapping):
        value = value.get("bytes") or value.get("path")
    if isinstance(value, str) and value:
        return str(pathlib.Path(origin).parent / pathlib.Path(value).expanduser())
    return value


def _shown(values: Mapping[str, object], name: str, origin: str, line: int):
    """See Pictures.shown; a path in a table stays in its column."""
    rest = {key: v for key, v in values.items() if not isinstance(v, bytes | Mapping)}
    if picture_files.is_picture(pathlib.Path(origin)):
        rest.pop(name)
        return {"file": origin} | rest
    if name in rest:
        return rest
    value = values[name]
    path = value.get("path") if isinstance(value, Mapping) else ""
    return {"file": path or f"{origin}:{line}"} | rest
