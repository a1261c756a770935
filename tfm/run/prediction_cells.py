"""Values of predictions as cells of a table, and as words for a person."""

import json
from collections.abc import Mapping

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a formula begins with


def guarded(value):
    """A cell that no spreadsheet takes for a formula; numbers stay as they are."""
    if not isinstance(value, str) or not value.startswith(_FORMULA):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value


def plain(value):
    """Values that JSON has no type for, as text."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def cells(prediction: Mapping) -> dict[str, str]:
    """{"probabilities": {"good": 0.9}} as {"probability_good": "0.900000"}."""
    found = {}
    for name, value in prediction.items():
        if isinstance(value, Mapping):
            singular = f"{name[:-3]}y" if name.endswith("ies") else name
            found |= {f"{singular}_{key}": _cell(v) for key, v in value.items()}
        else:
            found[name] = _cell(value)
    return found


def _cell(value) -> str:
    if isinstance(value, float):
        return f"{value:.6f}"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=plain)
    return "" if value is None else str(value)


def parts(value) -> list[str]:
    """A value for a person: probabilities by name; each entry of a list of dicts."""
    if isinstance(value, Mapping):
        return [" ".join(f"{key}={_short(v)}" for key, v in value.items())]
    if isinstance(value, list) and any(isinstance(item, list) for item in value):
        return [" ".join(map(_pair, item)) for item in value]
    if isinstance(value, list):
        return [",".join(map(_short, value))]
    return [_short(value)]


def _pair(item) -> str:
    """{"token": "great", "probability": 0.3} as great=0.3000."""
    if isinstance(item, Mapping) and len(item) == 2:
        name, value = item.values()
        return f"{name}={_short(value)}"
    return _short(item)


def _short(value) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)
