"""The text of a row, checked."""

from tfm import errors
from tfm.data.readers import encodings
from tfm.data.readers import streams

NOT_VALID = "text is not valid"  # how the problem of another encoding begins


def error(origin: str, line: int, problem: str, encoding: str) -> errors.UserError:
    """The error that a bad row is, with its place, reason and cure."""
    cure = "Fix the row"
    if problem.startswith(NOT_VALID):
        cure = encodings.cure(origin, encoding)
    elif problem.startswith(streams.NOT_TEXT):
        cure = "Leave the file out"
    return errors.UserError(
        f"{origin}:{line}: {problem}. {cure}, or skip such rows with "
        "--data.bad_rows=skip."
    )


def text_of(value: object, encoding: str) -> tuple[str, str]:
    """Returns a row's text without the space around it, or what is wrong with it."""
    text, problem = string_of(value, encoding)
    text = text.strip()
    if not text:
        return "", problem or "no text"
    if "\0" in text:
        return "", "a NUL byte in the text"
    return text, ""


def string_of(value: object, encoding: str) -> tuple[str, str]:
    """Returns a row's text as it is, or what is wrong with it; "" where it has none."""
    if isinstance(value, bytes):
        value = value.decode(encoding, errors="surrogateescape")
    if value is None or value != value:  # NaN, an empty cell of Parquet
        return "", ""
    if not isinstance(value, str):
        return "", f"text is not a string: {value!r:.50}"
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            found = value[error.start]
            if not "\udc80" <= found <= "\udcff":  # of JSON, not of the file's bytes
                return "", f"text has half a character: {found!r}"
            return "", f"{NOT_VALID} {encoding}"
    return value, ""
