"""Rows with labels: a bad one stops the reading with its place, or is counted."""

import collections
import dataclasses
import itertools
import typing
from collections.abc import Iterator
from collections.abc import Sequence

from tfm import errors
from tfm import interfaces
from tfm import progress
from tfm.data import labeled_settings
from tfm.data import labels as labels_module
from tfm.data.readers import formats
from tfm.data.readers import meter
from tfm.data.readers import sources

_SHOWN = 5  # bad rows of a reason that are told


class Example(typing.NamedTuple):
    content: object  # a text, or the bytes of a picture
    labels: tuple[int, ...]
    origin: str  # the file's path
    line: int
    values: dict[str, object]  # by column

    @property
    def text(self) -> str:
        """The content, where it is a text."""
        return self.content


@dataclasses.dataclass
class Tally:
    """Counts of the rows of one source."""

    read: int = 0  # rows, without those that `where` leaves out
    left_out: int = 0  # rows that `where` leaves out
    doubtful: collections.Counter = dataclasses.field(  # good rows by such a content
        default_factory=collections.Counter
    )
    skipped: collections.Counter = dataclasses.field(  # bad rows by reason
        default_factory=collections.Counter
    )
    bad: dict[str, list[str]] = dataclasses.field(  # errors of the first by reason
        default_factory=dict
    )

    def skip(self, problem: str, error: errors.UserError) -> None:
        """Counts a bad row."""
        reason = problem.partition(":")[0]
        self.skipped[reason] += 1
        shown = self.bad.setdefault(reason, [])
        if len(shown) < _SHOWN:
            shown.append(str(error))

    def check_any(self, spec: str) -> None:
        """Raises UserError where a source that was read has no good row."""
        if not self.read:
            raise errors.UserError(f"{spec} holds no row.")
        if self.read == self.skipped.total():
            reasons = ", ".join(f"{n} {reason}" for reason, n in self.skipped.items())
            raise errors.UserError(f"{spec} holds no good row. Skipped: {reasons}.")


def reading(name: str, tally: Tally):
    """The phase of reading a source, whose rows are counted by the tally."""
    return progress.phase(
        f"Reading {name}", lambda: tally.read, unit="rows", share=meter.present.share
    )


def label_reader(
    config: labeled_settings.LabeledSettings, names: Sequence[str] | None
) -> labels_module.Labels:
    """Turns label values into numbers; None learns the names."""
    renamed = dict(entry.split("=", 1) for entry in config.rename)
    return labels_module.Labels(
        names, config.multi_label, config.label_separator, renamed
    )


def reads(
    config: labeled_settings.LabeledSettings,
    spec: str,
    label_names: Sequence[str],
    tally: Tally,
) -> Iterator[interfaces.Read]:
    """Yields content and label (a name, or a list of names) of a source's good rows.

    Args:
      config: as of `examples`.
      spec: the source.
      label_names: the classes, in order.
      tally: is counted up.
    """
    labels, content = label_reader(config, label_names), config.content
    for example in examples(config, spec, labels, tally, all_columns=True):
        names = [labels.names[number] for number in example.labels]
        yield interfaces.Read(
            {
                content.column: example.content,
                "label": names if config.multi_label else names[0],
            },
            content.shown(example.values, example.origin, example.line),
            f"{example.origin}:{example.line}",
        )


def examples(
    config: labeled_settings.LabeledSettings,
    spec: str,
    labels: labels_module.Labels,
    tally: Tally,
    all_columns: bool = False,
    limit: int | None = None,
) -> Iterator[Example]:
    """Yields the good rows of a source.

    Args:
      config: says where the content and the label are, which rows to take (`where`),
        and what to do with bad ones.
      spec: the source.
      labels: its classes.
      tally: is counted up.
      all_columns: whether to keep the values of other columns too.
      limit: of the rows that are looked at; None: all.

    Raises:
      UserError: of a bad row where `config.bad_rows` is stop, of a source without
        a good row, and what `sources.read` raises.
    """
    others = {}  # values that `where` left out, as an ordered set
    content = config.content
    rows = _wanted_rows(config, spec, tally, others, all_columns, limit)
    for row, found, problem in content.taken(rows):
        values, origin, line, _ = row
        tally.read += 1
        numbers = ()
        if not problem:
            numbers, problem = labels.numbers(values[config.label])
        if not problem:
            if doubtful := content.doubtful(found):
                tally.doubtful[doubtful] += 1
            yield Example(found, numbers, origin, line, values)
        elif config.bad_rows == "skip":
            tally.skip(problem, content.error(origin, line, problem))
        else:
            raise content.error(origin, line, problem)
    if limit is not None and tally.read + tally.left_out >= limit:
        return
    if not tally.read and others:
        column = config.where.partition("=")[0]
        raise errors.UserError(
            f"{spec} has no row with {config.where}. "
            f"Its values of {column!r}: {', '.join(others)}."
        )
    tally.check_any(spec)


def _read(spec: str, reading: sources.Reading, where: str) -> Iterator[formats.Row]:
    """Yields the rows of a source; a column of `where` that is not there is told."""
    try:
        yield from sources.read(spec, reading)
    except formats.MissingColumnError as error:
        if error.name != where.partition("=")[0]:
            raise
        raise errors.UserError(
            f"{error} The experiment takes rows with {where} alone: "
            "--data.where= takes all."
        ) from error


def _wanted_rows(
    config: labeled_settings.LabeledSettings,
    spec: str,
    tally: Tally,
    others: dict[str, None],
    all_columns: bool,
    limit: int | None,
) -> Iterator[formats.Row]:
    """Yields the rows of which `where` is true, and the bad ones.

    Some of the values that the others have come to `others`.
    """
    column, _, wanted = config.where.partition("=")
    wanted = labels_module.name_of(wanted)
    reading = config.content.reading(
        format=config.format,
        label=config.label,
        also=(column,) if column else (),
        all_columns=all_columns,
    )
    for row in itertools.islice(_read(spec, reading, config.where), limit):
        if column and not row.problem:
            value = labels_module.name_of(row.values[column])
            if value != wanted:
                tally.left_out += 1
                if len(others) < 10:
                    others[value] = None
                continue
        yield row
