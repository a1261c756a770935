"""TMX and pronunciation dictionaries as tables of two columns."""

import gzip

import pytest

from tfm import errors
from tfm.data.readers import sources

TMX = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4"><header srclang="en"/><body>
<tu><tuv xml:lang="en"><seg>A <bpt i="1">&lt;b&gt;</bpt>good<ept i="1">&lt;/b&gt;</ept>
 film &amp; more</seg></tuv><tuv xml:lang="de"><seg>Ein guter Film</seg></tuv></tu>
<tu><tuv xml:lang="de"><seg>Schlecht</seg></tuv><tuv xml:lang="en"><seg>Bad</seg></tuv>
</tu><tu><tuv xml:lang="en"><seg><hi>alone</hi></seg></tuv></tu>
</body></tmx>"""


def _rows(path, **fields):
    reading = sources.Reading(**fields)
    return [*sources.read(str(path), reading)]


def test_a_translation_memory_has_a_column_for_each_language(tmp_path):
    (tmp_path / "a.tmx").write_text(TMX, "utf-8")
    rows = _rows(tmp_path / "a.tmx", text="en", also=("de",))
    assert [row.values for row in rows[:2]] == [
        {"en": "A good\n film & more", "de": "Ein guter Film"},
        {"en": "Bad", "de": "Schlecht"},
    ]
    assert [row.line for row in rows] == [1, 2, 3]
    assert "de" in rows[2].problem and not rows[2].values
    (tmp_path / "b.tmx.gz").write_bytes(gzip.compress(TMX.encode()))
    packed = _rows(tmp_path / "b.tmx.gz", text="en", also=("de",))
    assert [row.values for row in packed] == [row.values for row in rows]


def test_what_is_said_of_a_broken_translation_memory(tmp_path):
    (tmp_path / "a.tmx").write_text(TMX[:300], "utf-8")
    with pytest.raises(errors.UserError, match="a.tmx is not valid TMX"):
        _rows(tmp_path / "a.tmx", text="en", also=("de",))
    (tmp_path / "b.tmx").write_text(TMX, "utf-8")
    with pytest.raises(errors.UserError, match="no column 'fr'.*It has: en, de"):
        _rows(tmp_path / "b.tmx", text="en", also=("fr",))


def test_entities_that_multiply_are_refused(tmp_path):
    lines = ['<!ENTITY a0 "ha">']
    for i in range(1, 30):
        lines.append(f'<!ENTITY a{i} "&a{i - 1};&a{i - 1};">')
    doctype = f"<!DOCTYPE tmx [{''.join(lines)}]>"
    body = "<tmx><body><tu><tuv lang='en'><seg>&a29;</seg></tuv></tu></body></tmx>"
    (tmp_path / "a.tmx").write_text(doctype + body, "utf-8")
    with pytest.raises(errors.UserError, match="is not valid TMX"):
        _rows(tmp_path / "a.tmx", text="en")


def test_a_pronunciation_dictionary(tmp_path):
    (tmp_path / "a.dict").write_text(
        ";;; a comment\n# another\nread R EH1 D\nread(2)  R IY1 D # present\n\n"
        "(2) T UW1\nlonely\n"
    )
    rows = _rows(tmp_path / "a.dict", text="word", also=("pronunciation",))
    assert [tuple(row.values.values()) for row in rows] == [
        ("read", "R EH1 D"),
        ("read", "R IY1 D"),
        ("(2)", "T UW1"),
        (),
    ]
    assert rows[0].line == 3
    assert rows[-1].problem == "no pronunciation: 'lonely'"
    (tmp_path / "lexicon.txt").write_text("a\tAH0\n")
    (row,) = _rows(tmp_path / "lexicon.txt", text="word", format="lexicon")
    assert row.values == {"word": "a", "pronunciation": "AH0"}
