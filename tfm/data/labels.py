"""Label values of a user's rows -> names of classes -> their numbers."""

import re
from collections.abc import Mapping
from collections.abc import Sequence

# words that some programs write for a missing value; they are texts as any other
MISSING = frozenset({"none", "nan", "null", "n/a", "na", "<na>", "#n/a"})
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_WHOLE = re.compile(r"([+-]?\d+)\.0+")


class Labels:
    """The classes by name. Learns new ones while `learning`.

    Args:
      names: the classes in order; None learns them, numbered as they come.
      multi_label: a value is a list of names, or is split at `separator`.
      separator: between the labels of one text.
      renamed: other names by the value in the data, {"0": "negative"}.
    """

    def __init__(
        self,
        names: Sequence[str] | None = None,
        multi_label: bool = False,
        separator: str = ",",
        renamed: Mapping[str, str] | None = None,
    ):
        self.learning = names is None
        self.names = [name_of(name) for name in names or ()]
        self.multi_label = multi_label
        self._separator = separator
        self._renamed = renamed or {}
        self._ids = {name: number for number, name in enumerate(self.names)}
        self._known = {}  # value as it came -> (numbers, problem)

    def numbers(self, value: object) -> tuple[tuple[int, ...], str]:
        """Returns the numbers of a row's classes, sorted, or what is wrong with it."""
        if not isinstance(value, (str, int, bytes)):
            return self._numbers(value)
        key = (type(value), value)  # True == 1 == 1.0
        if key not in self._known:
            found = self._numbers(value)
            if len(self._known) > 100_000:
                self._known.clear()
            self._known[key] = found
        return self._known[key]

    def _numbers(self, value: object) -> tuple[tuple[int, ...], str]:
        if self.multi_label:
            if isinstance(value, bytes):
                value = value.decode("utf-8", errors="surrogateescape")
            if isinstance(value, str):
                value = [name for name in value.split(self._separator) if name.strip()]
            values = [] if value is None else value
            if not isinstance(values, (list, tuple)):
                values = [values]
        elif isinstance(value, (list, tuple)):
            return (), "a list of labels, which needs --data.multi_label=true"
        else:
            values = [value]
        numbers = set()
        for item in values:
            try:
                name = name_of(item)
                name = self._renamed.get(name, name)
                name.encode()
            except (TypeError, UnicodeEncodeError):
                return (), f"not a label: {item!r}"
            if not name:
                return (), "no label"
            if name not in self._ids:
                if not self.learning:
                    return (), f"unknown label: {name!r}"
                self._ids[name] = len(self.names)
                self.names.append(name)
            numbers.add(self._ids[name])
        return tuple(sorted(numbers)), ""


def name_of(value: object) -> str:
    """Returns a label's name: `1`, `1.0`, "1.0" and " 1 " are all "1".

    A missing value (None, NaN, blank) gives "".

    Raises:
      TypeError: the value is neither text nor a number.
    """
    if value is None or value != value:  # NaN is unequal to itself
        return ""
    if isinstance(value, bytes):
        value = value.decode("utf-8", errors="surrogateescape")
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, (str, int, float)):
        raise TypeError(f"a label is text or a number. Got {value!r}.")
    name = str(value).strip()
    whole = _WHOLE.fullmatch(name)
    return whole[1] if whole else name


def is_number(text: str) -> bool:
    """Whether a text is a number in decimal digits."""
    return bool(_NUMBER.fullmatch(text))


def sort(names: Sequence[str]) -> list[str]:
    """Returns the names in order: by value where all are numbers, else by letter."""
    if all(_NUMBER.fullmatch(name) for name in names):
        return sorted(names, key=lambda name: (float(name), name))
    return sorted(names)
