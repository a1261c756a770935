"""A command line all of whose mistakes are told at once, as a dry run asks for."""

import itertools
import re
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence

from tfm import errors
from tfm.config import arguments
from tfm.config import fields

_DRY_RUN = fields.Field("dry_run", bool, False, "")
_OTHERS = ("--help", "--list", "--print_config")  # which go before it


def is_asked_for(argv: Sequence[str]) -> bool:
    """Whether the option dry_run is true, and nothing is to be shown instead."""
    if any(argument.startswith(_OTHERS) for argument in argv):
        return False
    return arguments.read(argv, (_DRY_RUN,), known_only=True)["dry_run"]


def parse(argv: Sequence[str], options_class: type, base_experiment: Callable):
    """The options, the experiment, its changes by path, and the mistakes.

    What is mistaken is left out: the fewest flags without which the others are right.

    Args:
      argv: with the program's name.
      options_class: of the entry point's own flags.
      base_experiment: from the options, the experiment whose fields are flags.

    Returns:
      (options, experiment or None, {path: value}, [message])
    """
    program, groups, told = argv[0], _groups(argv[1:]), []
    own = tuple(fields.leaves(options_class()))
    groups = _readable(program, groups, own, told, known_only=True)
    values = arguments.read([program, *itertools.chain(*groups)], own, known_only=True)
    changed = {f.path: values[f.path] for f in own if values[f.path] != f.value}
    options, _ = _fitting(options_class(), changed, "", told)
    try:
        experiment = base_experiment(options)
        if experiment is None:
            told.append("Give --experiment=NAME; --list shows them all.")
    except errors.UserError as error:
        experiment = None
        told.append(str(error))
    if experiment is None:
        return options, None, {}, told
    leaves = tuple(fields.leaves(experiment))
    groups = _readable(program, groups, own + leaves, told)
    values = arguments.read([program, *itertools.chain(*groups)], own + leaves)
    changed = {f.path: values[f.path] for f in leaves if values[f.path] != f.value}
    return options, *_changed(experiment, changed, told), told


def _groups(words: Sequence[str]) -> list[list[str]]:
    """The arguments, each flag with the values that follow it."""
    found: list[list[str]] = []
    for word in words:
        if not found or re.match(r"--?[a-zA-Z]", word):
            found.append([])
        found[-1].append(word)
    return found


def _readable(program, groups, wanted, told: list[str], known_only: bool = False):
    """The flags that can be read; mistakes in the others go to `told`."""
    found = []
    for group in groups:
        try:
            arguments.read([program, *group], wanted, known_only)
            found.append(group)
        except errors.UserError as error:
            told.append(str(error))
    return found


def _changed(experiment, changes: Mapping[str, object], told: list[str]):
    """The experiment with the changes that fit: within each part, then all together."""
    kept = {}
    for name in dict.fromkeys(path.partition(".")[0] for path in changes):
        prefix = f"{name}."
        of_part = {
            path.removeprefix(prefix): value
            for path, value in changes.items()
            if path.startswith(prefix)
        }
        _, fitting = _fitting(getattr(experiment, name), of_part, prefix, told)
        kept |= {prefix + path: value for path, value in fitting.items()}
    return _fitting(experiment, kept, "", told)


def _fitting(config, changes: Mapping[str, object], prefix: str, told: list[str]):
    """The config with the most changes that its checks let through; and these.

    Why the others do not fit goes to `told`.
    """
    for size in range(len(changes) + 1):
        for left_out in itertools.combinations(changes, size):
            kept = {p: v for p, v in changes.items() if p not in left_out}
            try:
                made = fields.override(config, kept, prefix)
            except errors.UserError:
                continue
            for path in left_out:
                try:
                    fields.override(config, kept | {path: changes[path]}, prefix)
                except errors.UserError as error:
                    told.append(str(error))
            return made, kept
    raise AssertionError("a config without changes is right")
