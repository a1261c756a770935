"""A look at the first rows of a corpus: mistakes, and readings that may be wrong."""

import contextlib
import csv
import dataclasses
import itertools
import json
import pathlib
import re
from collections.abc import Iterator
from collections.abc import Sequence

from tfm import errors
from tfm import files
from tfm.data import column_names
from tfm.data import looks
from tfm.data.corpora import documents
from tfm.data.corpora import settings
from tfm.data.corpora import source_files
from tfm.data.corpora import validation_cut
from tfm.data.readers import folders
from tfm.data.readers import notes
from tfm.data.readers import sources

_ROWS = 1000
_CHARACTERS = 2_000_000
_BLANK = 0.1  # share of the lines from which on blank ones seem to part documents
_TABLE_LINES = 20  # that tell whether a text is a table
_END = "<|endoftext|>"  # GPT-2's, which many files have between documents


def corpus(config: settings.CorpusSettings) -> settings.CorpusSettings:
    """The config as `named` makes it, after a look at the first rows.

    Where plain text looks as if something else than its lines or files were documents,
    that is told.

    Raises:
      UserError: a source is missing, is given for two splits, or has a mistake in its
        first rows that would stop the preparation.
    """
    specs = config.sources()
    looks.check_distinct({name: specs[name] for name in reversed(specs)}, cut=False)
    config = named(config)
    for spec in specs.values():
        told = set()
        for file, texts in _first_texts(config, source_files.files(config, spec)):
            for problem, hint in _hints(file, texts).items():
                if problem not in told:
                    notes.tell(f"{file.path}: {hint}")
                told.add(problem)
    if config.cut == "tail" and not config.train.startswith("tfds:"):
        validation_cut.decided(config)  # or it is a mistake
    return config


def named(config: settings.CorpusSettings) -> settings.CorpusSettings:
    """The config with what a document is, and the column of text, found in train.

    Where train is tables, lines of plain text in other sources are documents too.
    """
    has_prose = source_files.has_prose(config, config.train)
    if config.document == "auto" and not has_prose:
        config = dataclasses.replace(config, document="row")
    if config.text:
        return config
    reading = _reading(config)
    text, _ = column_names.found(config.train, reading, label=False)
    return dataclasses.replace(config, text=text)


def prepared(
    config: settings.CorpusSettings, store: pathlib.Path
) -> settings.CorpusSettings:
    """The config with what `named` found when a finished store was prepared."""
    fields = files.read_json(store / settings.MANIFEST)["settings"]
    text = config.text or fields["data.text"]
    is_found = config.document == "auto"
    document = fields["data.document"] if is_found else config.document
    return dataclasses.replace(config, text=text, document=document)


def _reading(config: settings.CorpusSettings, **fields) -> sources.Reading:
    whole = config.texts == "whole"
    common = {"format": config.format, "whole": whole, "part_end": config.part_end}
    common["problems"] = True
    return sources.Reading.of(config, **common | fields)


def _first_texts(
    config: settings.CorpusSettings, listed: Sequence[folders.File]
) -> Iterator[tuple[folders.File, list[str]]]:
    """Yields files with their texts, blank lines too, until enough was looked at.

    Raises:
      UserError: a bad row, or one of a file of JSON whose name does not say so.
    """
    rows, characters = _ROWS, _CHARACTERS
    reading = _reading(config, blank_lines=True)
    for file in listed:
        texts = []
        for row in itertools.islice(sources.read_file(file, reading), rows):
            texts.append(documents.text_of(config, row)[0])
            characters -= len(texts[-1])
            if characters < 0:
                break
        rows -= len(texts)
        is_named = config.format != "auto" or folders.format_of(file.path)
        if not is_named and texts and _is_json(texts[0]):
            raise errors.UserError(
                f"{file.path} has JSON objects as lines, and its name does not say so. "
                "Set --data.format=jsonl, or --data.format=text to learn it as text."
            )
        yield file, texts
        if rows <= 0 or characters < 0:
            return


def _table_kind(texts: list[str]) -> str:
    """csv or tsv, where lines begin with names of columns; empty for prose."""
    lines = "\n".join(texts).splitlines()[:_TABLE_LINES]
    for kind, separator in (("tsv", "\t"), ("csv", ",")):
        with contextlib.suppress(csv.Error):
            rows = list(csv.reader(lines, delimiter=separator))
            names = rows[0] if rows else []
            named = all(re.fullmatch(r"[^\W\d]\w{0,30}", name) for name in names)
            distinct = len({*names}) == len(names) > 1
            alike = all(len(row) == len(names) for row in rows[1:-1])
            if named and distinct and alike and len(rows) > 3:
                return kind
    return ""


def _hints(file: folders.File, texts: list[str]) -> dict[str, str]:
    """Hints at a wrong reading of a file of plain text, by kind."""
    found = {}
    if file.format not in ("text", "whole"):
        return found
    if texts and _is_json(texts[0]):
        how = "--data.format=jsonl reads them as rows"
        found["json"] = f"its lines are JSON objects, and learnt as text; {how}"
    elif kind := _table_kind(texts):
        how = f"--data.format={kind} reads them as rows"
        found["table"] = f"its lines look like a table's, and learnt as text; {how}"
    if any(_END in text for text in texts):
        found["end"] = (
            f"{_END} is text as any other; --data.document_end='{_END}' parts "
            "documents there"
        )
    blank = sum(not text.strip() for text in texts)
    if file.format == "text" and _BLANK * len(texts) <= blank < len(texts):
        found["blank"] = (
            "blank lines part its lines, and each line is a document; --data.document="
            "paragraph makes one of those between, and file of all"
        )
    return found


def _is_json(text: str) -> bool:
    """Whether the first line is a JSON object."""
    line = text.lstrip().partition("\n")[0]
    try:
        return line.startswith("{") and isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
