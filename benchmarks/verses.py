"""Spanish and English verses of the Bible, aligned: a table to try translation on.

    python benchmarks/verses.py verses.csv

Both texts are in the public domain: Reina-Valera 1909 and the World English Bible, from
Debian's packages sword-text-sparv and sword-text-web, read by pysword of PyPI.
"""

import argparse
import csv
import pathlib
import sys
from collections.abc import Iterator

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from benchmarks import package_files

_SPANISH = "sword-text-sparv", "spaRV1909eb"
_ENGLISH = "sword-text-web", "engWEB2015eb"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=pathlib.Path)
    path = parser.parse_args().file
    print(f"{write(path):,} verses written to {path}")


def write(path: pathlib.Path) -> int:
    """Writes the columns es and en; returns the number of verses."""
    number = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("es", "en"))
        for pair in pairs():
            writer.writerow(pair)
            number += 1
    return number


def pairs() -> Iterator[tuple[str, str]]:
    """The verses that both have, in Spanish and in English."""
    (folder,) = package_files.source_distribution("pysword==0.2.8").glob("pysword*")
    sys.path.insert(0, str(folder))
    spanish, english = _bible(*_SPANISH), _bible(*_ENGLISH)
    for books in spanish.get_structure().get_books().values():
        for book in books:
            for chapter, length in enumerate(book.chapter_lengths, 1):
                for verse in range(1, length + 1):
                    place = ([book.name], [chapter], [verse])
                    texts = [_verse(bible, *place) for bible in (spanish, english)]
                    if all(texts):
                        yield texts[0], texts[1]


def _bible(package: str, name: str):
    from pysword import modules

    found = modules.SwordModules(str(package_files.deb(package) / "usr/share/sword"))
    found.parse_modules()
    return found.get_bible_from_module(name)


def _verse(bible, books: list[str], chapters: list[int], verses: list[int]) -> str:
    try:
        text = bible.get(books=books, chapters=chapters, verses=verses, join="\n")
    except (KeyError, ValueError, IndexError):  # the other one counts otherwise
        return ""
    return " ".join(text.split())


if __name__ == "__main__":
    main()
