"""The command line: one typed absl flag per field, help, and one-line errors.

Flags are read in two stages. A scratch FlagValues reads the entry point's own
options, --experiment among them; then every leaf field of that experiment becomes
a flag whose default is its value. Nothing heavy is imported before both are done.
"""

import dataclasses
import inspect
import os
import shutil
import sys
import textwrap
import typing
from collections.abc import Callable

from absl import app
from absl import flags
from absl import logging

from tfm import console
from tfm import errors
from tfm.config import arguments
from tfm.config import every_mistake
from tfm.config import fields
from tfm.config import loading

_GENERAL = (
    fields.Field("help", bool, False, "show this help, with the experiment's fields"),
)
_WITH_EXPERIMENT = (
    fields.Field("list", bool, False, "list every experiment with its one line"),
    fields.Field("print_config", bool, False, "print every field's value and stop"),
)


def run(
    main: Callable[..., int | None],
    options: type,
    base_experiment: Callable[[typing.Any], typing.Any] | None = None,
    only: frozenset[str] | None = None,
    dry_run: Callable[..., int] | None = None,
) -> typing.NoReturn:
    """Reads the command line, calls `main`, and exits with its status.

    Args:
      main: called with the options and, given `base_experiment`, the experiment
        and the changes made on the command line, as {path: value}.
      options: a frozen dataclass of the entry point's own flags; its docstring
        opens the help.
      base_experiment: from the options, the experiment whose fields become flags,
        or None where the options name none.
      only: paths of those fields; the experiment may be none then. None: all.
      dry_run: called in place of `main` where the option of that name is true, and
        with a list of all mistakes on the command line besides; the experiment goes
        without them, and is None where one of them hides it.

    A user's mistake ends with one line on stderr and status 2.
    """
    console.begin()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's start-up notes
    logging.set_verbosity(logging.WARNING)  # Keras and TensorFlow log through absl
    parsed = []

    def parse(argv: list[str]) -> list[str]:
        argv = ["--help" if argument == "-h" else argument for argument in argv]
        flags.FLAGS(argv[:1])  # absl's own flags keep their defaults
        if dry_run and every_mistake.is_asked_for(argv):
            found = _guarded(every_mistake.parse, argv, options, base_experiment)
            parsed.extend([dry_run, *found])
        else:
            found = _guarded(_parse, argv, options, base_experiment, only)
            parsed.extend([main, *found])
        console.be_quiet(getattr(found[0], "quiet", False))
        return argv[:1]

    app.run(lambda _: _guarded(*parsed), flags_parser=parse)


def _guarded(function: Callable, *arguments):
    with console.written():
        try:
            return function(*arguments)
        except errors.UserError as error:
            console.say_error(error)
            sys.exit(errors.USER_MISTAKE)
        except KeyboardInterrupt:
            sys.exit(errors.INTERRUPTED)


def _parse(argv, options_class, base_experiment, only):
    whole = base_experiment is not None and only is None
    general = _GENERAL + (_WITH_EXPERIMENT if whole else ())
    own = (*fields.leaves(options_class()), *general)
    values = arguments.read(argv, own, known_only=bool(base_experiment))
    chosen = _choose(options_class, values)
    if values.get("list"):
        _print_list()
        sys.exit(0)
    if base_experiment is None:
        if values["help"]:
            _print_help(options_class, own, ())
            sys.exit(0)
        return (chosen,)

    experiment = base_experiment(chosen)
    if experiment is None:
        if values["help"]:
            _print_help(options_class, own, ())
            if whole:
                _print_list()
            sys.exit(0)
        dotted = any(a.startswith("--") and "." in a.partition("=")[0] for a in argv)
        if not (whole and dotted):
            arguments.read(argv, own)  # a mistyped flag is the nearer mistake
        if whole and dotted:
            raise errors.UserError(
                "Fields are of an experiment: give --experiment=NAME (--list shows "
                "them all), or --data.train=FILE alone for one that suits the file."
            )
        if whole:
            raise errors.UserError("Give --experiment=NAME; --list shows them all.")
        return chosen, None, {}
    leaves = fields.leaves(experiment)
    leaves = tuple(leaf for leaf in leaves if only is None or leaf.path in only)
    values = arguments.read(argv, own + leaves)
    changed = {
        leaf.path: values[leaf.path]
        for leaf in leaves
        if values[leaf.path] != leaf.value
    }
    if values["help"]:
        _print_help(options_class, own, leaves)
        sys.exit(0)
    experiment = fields.override(experiment, changed)
    if values.get("print_config"):
        for leaf in fields.leaves(experiment):
            print(f"{leaf.path}={fields.show(leaf.value)}")
        sys.exit(0)
    return chosen, experiment, changed


def _choose(options_class: type, values: dict[str, object]):
    names = [field.name for field in dataclasses.fields(options_class)]
    return options_class(**{name: values[name] for name in names})


def _print_list() -> None:
    found = loading.shipped_and_own()
    width = max(map(len, found))
    print("\nExperiments")
    for name, path in found.items():
        print(f"  {name:{width}}  {loading.first_line(path)}")


def _print_help(options_class: type, own, leaves) -> None:
    print(inspect.cleandoc(options_class.__doc__))
    for title, group in (("Options", own), ("Fields of the experiment", leaves)):
        if group:
            print(f"\n{title}")
        for field in group:
            _print_flag(field)
    if not leaves and any(field.path == "experiment" for field in own):
        print("\nWith --experiment=NAME, --help shows that experiment's fields too.")


def _print_flag(field: fields.Field) -> None:
    options = typing.get_args(field.type)
    choice = typing.get_origin(field.type) is typing.Literal
    text = f"{field.help} ({' | '.join(options)})" if choice else field.help
    left = f"  --{field.path}={fields.show(field.value)}"
    if field.type is bool and not field.value:
        left = f"  --{field.path}"
    columns = max(60, min(110, shutil.get_terminal_size().columns))
    lines = textwrap.wrap(text, columns - 42)
    if len(left) > 40 or not lines:
        print(left)
        left = ""
    for line in lines:
        print(f"{left:40}  {line}")
        left = ""
