"""Checks of the labels of a training source: are they classes at all?"""

import collections
from collections.abc import Mapping
from collections.abc import Sequence

from tfm import errors
from tfm.data import labeled_settings
from tfm.data import labels
from tfm.data.readers import notes

_FEW = 20  # so many different values may be numbers, or alone in a row each
_SHOWN = 5
_TOO_FEW = 5  # rows of a class, below which nothing sure can be learnt of it


def check(
    config: labeled_settings.LabeledSettings, names: Sequence[str], num_rows: int
) -> None:
    """Whether learnt labels look like classes. Labels that the user listed do.

    Args:
      config: names the source and the column.
      names: of the classes.
      num_rows: that have them.

    Raises:
      UserError: there is one class only; or the values are ids, decimals, or names
        that differ in case alone.
    """
    if config.labels:
        return
    noun = config.noun
    where = f"the column {config.label!r} of {config.train}"
    if len(names) < (1 if config.multi_label else 2):
        raise errors.UserError(
            f"{config.train} must hold {noun}s of two classes or more. Got only "
            f"{', '.join(map(repr, names)) or f'{noun}s without a label'} in {where}."
        )
    shown = ", ".join(names[:_SHOWN])
    all_differ = len(names) == num_rows >= _FEW / 2
    if not config.multi_label and (all_differ or len(names) > max(_FEW, num_rows / 2)):
        raise errors.UserError(
            f"{where} has {len(names):,} different values in {num_rows:,} {noun}s "
            f"({shown}, ...): an id rather than a class. Give the column of the class "
            "with --data.label."
        )
    numbers = all(map(labels.is_number, names))
    if numbers and len(names) > _FEW and any("." in name for name in names):
        raise errors.UserError(
            f"{where} has {len(names):,} different decimals ({shown}, ...): values "
            "rather than classes. Make a column with a class for each range of them, "
            "such as low and high, and give it with --data.label."
        )
    _check_case(where, names)
    _note_missing(where, names)
    if not config.multi_label:
        _note_several(where, names, noun)


def too_few(counts: Mapping[str, int], noun: str = "text") -> list[str]:
    """A line for a human on the classes with too few training rows, if any."""
    rare = [f"{name} {n:,}" for name, n in counts.items() if n < _TOO_FEW]
    if not rare:
        return []
    more = ", ..." if len(rare) > _SHOWN else ""
    return [
        f"warning: too few {noun}s of train to learn a class or to tell how well, "
        f"fewer than {_TOO_FEW}: {', '.join(rare[:_SHOWN])}{more}"
    ]


def _note_missing(where: str, names: Sequence[str]) -> None:
    found = [name for name in names if name.casefold() in labels.MISSING]
    if found:
        notes.tell(
            f"{where}: {', '.join(map(repr, found))} is taken for a class. Where it "
            "stands for a missing label, empty these cells and set "
            "--data.bad_rows=skip."
        )


def _note_several(where: str, names: Sequence[str], noun: str) -> None:
    for separator in ",;|":
        parts = {part.strip() for name in names for part in name.split(separator)}
        joined = sum(separator in name for name in names)
        if joined > 1 and len(parts) < len(names):
            notes.tell(
                f"{where} has several labels a {noun}, it seems: set "
                f"--data.multi_label --data.label_separator='{separator}'. As it is, "
                f"each of the {len(names):,} combinations is a class."
            )


def _check_case(where: str, names: Sequence[str]) -> None:
    groups = collections.defaultdict(list)
    for name in names:
        groups[" ".join(name.casefold().split())].append(name)
    alike = [group for group in groups.values() if len(group) > 1]
    if alike:
        pairs = [(other, group[0]) for group in alike for other in group[1:]]
        renames = ",".join(f"{other}={first}" for other, first in pairs)
        shown = "; ".join(" and ".join(map(repr, group)) for group in alike[:_SHOWN])
        raise errors.UserError(
            f"{where} has labels that differ in case or space alone: {shown}. Make one "
            f"of them with --data.rename='{renames}', or keep them apart by naming all "
            "classes with --data.labels."
        )
