"""A look at the first rows of sources, so that mistakes are told within a second."""

import collections
import dataclasses
import itertools

from tfm import errors
from tfm.data import column_names
from tfm.data import label_checks
from tfm.data import labeled_rows
from tfm.data import labeled_settings
from tfm.data import labels as labels_module
from tfm.data.readers import locations
from tfm.data.readers import sources

_ROWS = 1000


def labeled(
    config: labeled_settings.LabeledTextSettings,
) -> labeled_settings.LabeledTextSettings:
    """The config with its columns found, after a look at the first rows.

    Raises:
      UserError: a source is missing, is given for two splits, or has a mistake in its
        first rows that would stop the preparation.
    """
    specs = {name: getattr(config, name) for name in ("train", "validation", "test")}
    specs = {name: spec for name, spec in specs.items() if spec}
    check_distinct(specs)
    config = named(config, config.train)
    for name, spec in specs.items():
        if spec.startswith("tfds:"):
            continue
        tally = labeled_rows.Tally()
        labels = labeled_rows.label_reader(config, config.labels or None)
        rows = labeled_rows.examples(config, spec, labels, tally, limit=_ROWS)
        collections.deque(rows, maxlen=0)
        if name == "train" and tally.read + tally.left_out < _ROWS:  # that was all
            names = labels_module.sort(labels.names)
            label_checks.check(config, names, tally.read)
    return config


def named(
    config: labeled_settings.LabeledTextSettings, spec: str
) -> labeled_settings.LabeledTextSettings:
    """The config with the columns that are not named found in a source."""
    if config.text and config.label:
        return config
    reading = sources.Reading.of(config, format=config.format, label=config.label)
    text, label = column_names.found(spec, reading, label=True)
    return dataclasses.replace(config, text=text, label=label)


def check_distinct(specs: dict[str, str], cut: bool = True) -> None:
    """Raises UserError where one source is given for two splits.

    Args:
      specs: the sources by split.
      cut: whether a split without a source is cut from train.
    """
    for first, second in itertools.combinations(specs, 2):
        if locations.absolute(specs[first]) == locations.absolute(specs[second]):
            raise errors.UserError(
                f"{first} and {second} are the same source, {specs[first]}: scores on "
                f"texts that were trained on mean nothing. Leave --data.{second} out"
                + (f", and its texts are cut from {first}." if cut else ".")
            )
