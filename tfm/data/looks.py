"""A look at the first rows of sources, so that mistakes are told within a second."""

import collections
import dataclasses
import itertools

from tfm import errors
from tfm.data import label_checks
from tfm.data import labeled_rows
from tfm.data import labeled_settings
from tfm.data import labels as labels_module
from tfm.data.readers import locations


def labeled(
    config: labeled_settings.LabeledSettings,
) -> labeled_settings.LabeledSettings:
    """The config with its columns found, after a look at the first rows.

    Raises:
      UserError: a source is missing, is given for two splits, or has a mistake in its
        first rows that would stop the preparation.
    """
    whole = config.expanded()
    specs = {name: getattr(whole, name) for name in ("train", "validation", "test")}
    specs = {name: spec for name, spec in specs.items() if spec}
    check_distinct(specs, noun=config.noun)
    config = named(config, specs["train"])
    most = config.content.looked_at
    for name, spec in specs.items():
        if spec.startswith("tfds:"):
            continue
        tally = labeled_rows.Tally()
        labels = labeled_rows.label_reader(config, config.labels or None)
        rows = labeled_rows.examples(config, spec, labels, tally, limit=most)
        collections.deque(rows, maxlen=0)
        if name == "train" and tally.read + tally.left_out < most:  # that was all
            names = labels_module.sort(labels.names)
            label_checks.check(config, names, tally.read)
    return config


def named(
    config: labeled_settings.LabeledSettings, spec: str
) -> labeled_settings.LabeledSettings:
    """The config with the columns that are not named found in a source."""
    content = config.content
    if getattr(config, content.column) and config.label:
        return config
    found, label = content.columns(spec, config.format)
    return dataclasses.replace(config, **{content.column: found, "label": label})


def check_distinct(specs: dict[str, str], cut: bool = True, noun: str = "text") -> None:
    """Raises UserError where one source is given for two splits.

    Args:
      specs: the sources by split.
      cut: whether a split without a source is cut from train.
      noun: what is in the sources.
    """
    for first, second in itertools.combinations(specs, 2):
        if locations.absolute(specs[first]) == locations.absolute(specs[second]):
            raise errors.UserError(
                f"{first} and {second} are the same source, {specs[first]}: scores on "
                f"{noun}s that were trained on mean nothing. Leave --data.{second} out"
                + (f", and its {noun}s are cut from {first}." if cut else ".")
            )
