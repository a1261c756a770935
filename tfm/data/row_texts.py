"""The text of a row, checked."""


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
        except UnicodeEncodeError:
            return "", (
                f"text is not valid {encoding}: "
                "another encoding is set with --data.encoding, such as latin-1"
            )
    return value, ""
