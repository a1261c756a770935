"""Event files of TensorBoard, cut back to the step at which a run goes on.

A record is its length (8 bytes), a checksum of that (4), the event, a checksum (4).
"""

import os
import pathlib
import struct
import time
from collections.abc import Callable
from collections.abc import Iterator

import tensorflow as tf
from google.protobuf import message

_SCRATCH = "rewritten.tmp"  # not a name that TensorBoard reads
_HEAD, _FOOT = 12, 4  # bytes around an event


def cut(folder: pathlib.Path, step: int, texts: tuple[str, ...] = ()) -> None:
    """Removes what was written after `step`, as it is written again.

    A TensorBoard that has read it already is told to forget it. Each file is rewritten
    whole or not at all.

    Args:
      folder: of the event files; it need not be there.
      step: the last one that stays.
      texts: tags of which the point at `step` goes too.
    """
    paths = sorted(folder.glob("events.*"))
    for path in paths:
        _rewrite(path, lambda at, tag: at < step + (tag not in texts))
    if paths:
        _tell(folder, step + 1)


def _rewrite(path: pathlib.Path, stays: Callable[[int, str], bool]) -> None:
    """Writes the file without the points that do not stay, if there are such."""

    def is_kept(event) -> bool:
        tags = [value.tag for value in event.summary.value]
        if event.graph_def:
            tags.append("")
        return all(stays(event.step, tag) for tag in tags)

    if all(is_kept(event) for _, event in _records(path)):
        return
    scratch = path.with_name(_SCRATCH)
    with scratch.open("wb") as file:
        for record, event in _records(path):
            if is_kept(event):
                file.write(record)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)


def _records(path: pathlib.Path) -> Iterator[tuple[bytes, tf.compat.v1.Event]]:
    """Each whole record, with its event; a killed process may have left half a one."""
    with path.open("rb") as file:
        while len(head := file.read(_HEAD)) == _HEAD:
            (size,) = struct.unpack("<Q", head[:8])
            rest = file.read(size + _FOOT)
            if len(rest) < size + _FOOT:
                return
            try:
                event = tf.compat.v1.Event.FromString(rest[:size])
            except message.DecodeError:
                return
            yield head + rest, event


def _tell(folder: pathlib.Path, step: int) -> None:
    """Writes that the run starts anew at `step`: what is known from there on goes.

    Files are read in the order of their names, which begin with the second at which
    they were made. This one is after the earlier ones and before those to come.
    """
    path = folder / _name()
    while any(folder.glob(f"{path.name}*")):  # made in this very second
        time.sleep(0.05)
        path = folder / _name()
    log = tf.compat.v1.SessionLog(status=tf.compat.v1.SessionLog.START)
    version = tf.compat.v1.Event(wall_time=time.time(), file_version="brain.Event:2")
    start = tf.compat.v1.Event(wall_time=time.time(), step=step, session_log=log)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for event in (version, start, start):  # the first of all starts is no restart
            writer.write(event.SerializeToString())


def _name() -> str:
    return f"events.out.tfevents.{int(time.time()):010}"
