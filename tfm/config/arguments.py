"""Arguments of the command line -> values of fields, by absl's typed flags."""

import re

from absl import flags

from tfm import errors
from tfm.config import fields


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


def read(argv, wanted, known_only: bool = False) -> dict[str, object]:
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
