"""Rows of TFRecord files of tf.train.Example, as Model Garden and TFX write them."""

import contextlib
import logging
import pathlib
from collections.abc import Iterator

from tfm import errors
from tfm.data.readers import formats


def read(
    path: pathlib.Path, wanted: tuple[str, ...], all_columns: bool = False
) -> Iterator[formats.Row]:
    """Yields the examples of a TFRecord file, plain or gzip; features are columns.

    A feature of one value is that value, one of several a list; text is bytes. An
    example without a wanted feature is a bad row.

    Raises:
      UserError: a record is corrupt; the message has its number. No example has a
        wanted feature.
    """
    examples = (
        (number, values, "" if values is not None else "not a tf.train.Example")
        for number, values in enumerate(map(_features, _records(path)), 1)
    )
    yield from formats.of_objects(examples, str(path), wanted, all_columns)


def _records(path: pathlib.Path) -> Iterator[bytes]:
    # not tf.data: its threads do not survive the fork of a preparation's workers
    import tensorflow as tf

    with path.open("rb") as file:
        start = file.read(2)
    packed = "GZIP" if start == b"\x1f\x8b" else ""
    count = 0
    try:
        with _no_deprecation():
            records = tf.compat.v1.io.tf_record_iterator(
                str(path), tf.io.TFRecordOptions(packed)
            )
        for record in records:
            count += 1
            yield record
    except (tf.errors.OpError, EOFError) as error:
        reason = getattr(error, "message", str(error)).partition("\n")[0]
        raise errors.UserError(
            f"{path}:{count + 1}: the record is corrupt ({reason})."
        ) from error


@contextlib.contextmanager
def _no_deprecation() -> Iterator[None]:
    logger = logging.getLogger("tensorflow")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _features(record: bytes) -> dict[str, object] | None:
    import tensorflow as tf
    from google.protobuf import message

    try:
        example = tf.train.Example.FromString(record)
    except message.DecodeError:
        return None
    values = {}
    for name in sorted(example.features.feature):
        feature = example.features.feature[name]
        kind = feature.WhichOneof("kind")
        found = list(getattr(feature, kind).value) if kind else []
        values[name] = found[0] if len(found) == 1 else (found or None)
    return values
