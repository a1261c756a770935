"""Every value of an experiment and its origin."""

import dataclasses
from collections.abc import Collection
from collections.abc import Iterator

from tfm.config import fields


def lines(
    experiment,
    changed: Collection[str],
    found: Collection[str] = (),
    source: str = "experiment",
) -> Iterator[tuple[str, str, str]]:
    """Yields path, value and origin of each field.

    The origin is "flag" of what the command line set, "found" of what the data found
    in its sources, "default" of what is as its class has it, else `source`.

    Args:
      experiment: with the command line's changes made.
      changed: paths that the command line set.
      found: paths of what was found.
      source: where the other values come from.
    """
    for leaf in fields.leaves(experiment):
        origin = source
        if leaf.path in changed:
            origin = "flag"
        elif leaf.path in found:
            origin = "found"
        elif leaf.value == _default(experiment, leaf.path):
            origin = "default"
        yield leaf.path, fields.show(leaf.value), origin


def _default(experiment, path: str) -> object:
    """The value that the field's class has; dataclasses.MISSING where it has none."""
    *above, name = path.split(".")
    owner = experiment
    for part in above:
        owner = fields.parts(owner)[part]
    field = next(f for f in dataclasses.fields(owner) if f.name == name)
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default
