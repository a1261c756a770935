"""The command line: one typed absl flag per field, help, and one-line errors.

Flags are read in two stages. A scratch FlagValues reads the entry point's own
options, --experiment among them; then every leaf field of that experiment becomes
a flag whose default is its value. Nothing heavy is imported before both are done.
"""

import dataclasses
import inspect
import os
import re
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

    A user's mistake ends with one line on stderr and status 2.
    """
    console.begin()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's start-up notes
    logging.set_verbosity(logging.WARNING)  # Keras and TensorFlow log through absl
    parsed = []

    def parse(argv: list[str]) -> list[str]:
        argv = ["--help" if argument == "-h" else argument for argument in argv]
        flags.FLAGS(argv[:1])  # absl's own flags keep their defaults
        parsed.extend(_guarded(_parse, argv, options, base_experiment, only))
        return argv[:1]

    app.run(lambda _: _guarded(main, *parsed), flags_parser=parse)


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
    values = _read(argv, own, known_only=bool(base_experiment))
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
            _read(argv, own)  # a mistyped flag is the nearer mistake
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
    values = _read(argv, own + leaves)
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


class _Parser(flags.ArgumentParser):
    def __init__(self, kind: object):
        super().__init__()
        self._kind = kind
        self.syntactic_help = ""

    def parse(self, argument):
        return argument if not isinstance(argument, str) else self._from(argument)

    def _from(self, text: str):
        try:
            return fields.parse(self._kind, text)
        except ValueError as error:
            raise ValueError(f"takes {error}") from None


def _read(argv, wanted, known_only: bool = False) -> dict[str, object]:
    """The value of every wanted field, by path."""
    values = flags.FlagValues()
    values.set_gnu_getopt(True)
    for field in wanted:
        if field.type is bool:
            flags.DEFINE_boolean(field.path, field.value, "", values)
        elif field.type == list[str]:
            flags.DEFINE_multi_string(field.path, field.value, "", values)
        else:
            flag = flags.Flag(_Parser(field.type), None, field.path, None, "")
            flag.default = flag.value = field.value
            values[field.path] = flag
    try:
        rest = values(argv, known_only=known_only)[1:]
    except flags.UnrecognizedFlagError as error:
        names = [f"--{field.path}" for field in wanted]
        if inside := [n for n in names if n.startswith(f"--{error.flagname}.")]:
            raise errors.UserError(
                f"--{error.flagname} is a part of the experiment, which its file sets; "
                f"its fields are flags, as {inside[0]}. --help shows them all."
            ) from None
        near = fields.nearest(f"--{error.flagname}", names) or _ending(
            error.flagname, names
        )
        raise errors.UserError(
            f"There is no flag --{error.flagname}{near}. --help shows them all."
        ) from None
    except flags.IllegalFlagValueError as error:
        raise errors.UserError(_reword(str(error))) from None
    except flags.Error as error:
        raise errors.UserError(f"{error}.") from None
    if rest and not known_only:
        raise errors.UserError(
            f"Flags begin with --. Got {rest[0]!r}; a value with spaces needs quotes."
        )
    return {field.path: values[field.path].value for field in wanted}


def _ending(name: str, names: list[str]) -> str:
    """Points from --steps to --train.steps."""
    ending = [known for known in names if known.endswith("." + name)]
    return f" (did you mean {ending[0]}?)" if ending else ""


def _reword(message: str) -> str:
    found = re.fullmatch(r"flag --([^=]+)=(.*?): (.*)", message, re.DOTALL)
    if not found:
        return message
    name, value, rule = found.groups()
    if "boolean" in rule:
        rule = "takes true or false"
    return f"--{name} {rule}. Got {value!r}."


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
