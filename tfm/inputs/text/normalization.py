"""Text normalization: Unicode form, case, tags; before tokens are learnt and used."""

import re
import unicodedata
from collections.abc import Iterable
from collections.abc import Iterator

from tfm import errors
from tfm.inputs.text import settings


def tag(space: str) -> str:
    """A pattern of HTML tags, where `space` is one of white space.

    A name must follow the bracket: "a < b", "<3" and "<me@example.org>" are no tags.
    """
    return rf"</?[a-zA-Z][a-zA-Z0-9:-]*(?:{space}[^<>]*)?/?>"


APOSTROPHES = "’", "'"  # the first becomes the second where words are told
_TAG = re.compile(tag(r"\s"))

_SPACE = re.compile(r"(?<=\S) (?=\S)")
_WHITE = re.compile(r"(?<=\S)\s(?=\S)")


def normalize(text: str, config: settings.Tokenization) -> str:
    """Returns the text as the methods see it.

    The Unicode form is NFC: letters with accents are one character however they were
    typed, and nothing that can be seen is changed. (NFKC would also turn "x²" into
    "x2" and the wide Chinese comma into the English one.)

    Surrogates without a partner, which no encoding can write, become U+FFFD. Nothing
    else is done for a published tokenizer, which has its own way.
    """
    if config.strip_html:
        text = _TAG.sub(" ", text)
    if config.lowercase:
        text = text.lower()
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if config.method == "pretrained":
        return text
    if config.method in ("word", "wordpiece"):
        text = text.replace(*APOSTROPHES)  # else "don’t" is another word than "don't"
    return unicodedata.normalize("NFC", text)


def stream(texts: Iterable[str], config: settings.Tokenization) -> Iterator[str]:
    """Yields the normalized texts. Raises UserError if there is nothing to read."""
    if isinstance(texts, str):
        raise errors.UserError("Texts must be a list or an iterator. Got one str.")
    empty = True
    for text in texts:
        text = normalize(text, config)
        empty = empty and not text.strip()
        yield text
    if empty:
        raise errors.UserError(
            "Learning a vocabulary needs a text. Got none, or only empty ones."
        )


def pieces(
    text: str, limit: int, drop_space: bool = False, anywhere: bool = True
) -> list[str]:
    """Cuts a long text before single spaces, where no method joins characters.

    So the pieces have the tokens of the text. Where the text has no single space, or
    other white space, for half of `limit`, it is cut anywhere.

    Args:
      text: normalized.
      limit: characters of a piece, at least 2.
      drop_space: whether to leave out the space before which it is cut.
      anywhere: else it is cut before single spaces alone, and a piece is longer than
        `limit` where there is none.
    """
    found, start = [], 0
    while len(text) - start > limit:
        end = _place(text, start + limit // 2, start + limit, anywhere)
        if end is None:
            break
        found.append(text[start:end])
        start = end + (drop_space and text[end] == " ")
    return [*found, text[start:]]


def _place(text: str, first: int, last: int, anywhere: bool) -> int | None:
    """The last place to cut at, between the two; or the next one after them."""
    for pattern in (_SPACE, _WHITE) if anywhere else (_SPACE,):
        step = 256
        while True:  # backwards, in windows that grow
            begin = max(first, last - step)
            places = [m.start() for m in pattern.finditer(text, begin, last + 2)]
            if places:
                return places[-1]
            if begin == first:
                break
            step *= 4
    if anywhere:
        return last
    later = _SPACE.search(text, last)
    return later and later.start()
