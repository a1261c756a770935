"""Files of texts in two languages: TMX, and pronunciation dictionaries (lexicons)."""

import pathlib
import re
import typing
import xml.etree.ElementTree
from collections.abc import Iterator

from tfm import errors
from tfm.data.readers import formats
from tfm.data.readers import streams

_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_NATIVE = ("bpt", "ept", "it", "ph", "ut")  # elements of another file's own codes
_VARIANT = re.compile(r"(?<=.)\(\d+\)$")


def tmx(
    path: pathlib.Path, wanted: tuple[str, ...], all_columns: bool = False
) -> Iterator[formats.Row]:
    """Yields a row of each translation unit, its columns named for the languages.

    As of Translation Memory eXchange 1.4b, https://www.gala-global.org/tmx-14b. The
    number of a unit is its line; codes of the file that was translated are left out.

    Raises:
      UserError: it is not valid XML, or no unit has a wanted language.
    """
    yield from formats.of_objects(_units(path), str(path), wanted, all_columns)


def _units(path: pathlib.Path) -> Iterator[tuple[int, dict[str, str], str]]:
    number = 0
    try:
        with streams.unpacked(path) as file:
            parents = []
            events = xml.etree.ElementTree.iterparse(file, ("start", "end"))
            for event, element in events:
                if event == "start":
                    parents.append(element)
                    continue
                parents.pop()
                if element.tag != "tu":
                    continue
                number += 1
                yield number, _of_unit(element), ""
                if parents:
                    parents[-1].remove(element)  # so that memory does not grow
    except xml.etree.ElementTree.ParseError as error:
        raise errors.UserError(f"{path} is not valid TMX (XML): {error}.") from None


def _of_unit(unit) -> dict[str, str]:
    found = {}
    for variant in unit.iter("tuv"):
        language = variant.get(_LANGUAGE) or variant.get("lang") or ""
        segment = variant.find("seg")
        if language and segment is not None and language not in found:
            found[language] = "".join(_texts(segment))
    return found


def _texts(element) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if child.tag not in _NATIVE:
            yield from _texts(child)
        yield child.tail or ""


def lexicon(
    stream: typing.TextIO, origin: str, wanted: tuple[str, ...]
) -> Iterator[formats.Row]:
    """Yields the rows of a pronunciation dictionary: `word` and `pronunciation`.

    A line is a word, white space, and its phonemes, as in the CMU dictionary and in
    Kaldi's lexicon.txt. `word(2)` is another pronunciation of the word; what follows
    ` #`, and lines that begin with # or ;;; are comments.
    """
    formats.need(wanted, ("word", "pronunciation"), origin)
    for number, line in enumerate(stream, 1):
        line = line.partition(" #")[0].strip()
        if not line or line.startswith(("#", ";;;")):
            continue
        word, *rest = line.split(maxsplit=1)
        if not rest:
            yield formats.Row({}, origin, number, f"no pronunciation: {word!r:.50}")
            continue
        values = {"word": _VARIANT.sub("", word), "pronunciation": rest[0]}
        yield formats.Row(values, origin, number)
