"""Encodings: by byte order mark, and proposed where a file is in another one."""

import codecs
import re

import pytest

from tfm import errors
from tfm.data.readers import encodings
from tfm.data.readers import sources

TEXTS = {
    "cp1252": "A caf\u00e9 in M\u00e1laga was \u201cgreat\u201d, 20 \u20ac",
    "latin-1": "Le film \u00e9tait tr\u00e8s ennuyeux, l'actrice formidable",
    "cp1250": "Film byl v\u00fdborn\u00fd a herci skv\u011bl\u00ed, v\u0161em p\u0159"
    "\u00e1tel\u016fm ho doporu\u010duji",
    "cp1251": "\u0424\u0438\u043b\u044c\u043c \u0431\u044b\u043b \u043e\u0447\u0435"
    "\u043d\u044c \u0441\u043a\u0443\u0447\u043d\u044b\u043c",
    "cp932": "\u3053\u306e\u6620\u753b\u306f\u3068\u3066\u3082\u9762\u767d\u304b\u3063"
    "\u305f\u3067\u3059",
    "gb18030": "\u8fd9\u90e8\u7535\u5f71\u975e\u5e38\u597d\u770b\uff0c\u63a8\u8350",
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_proposed_encoding_reads_the_file_as_it_was_written(tmp_path, name):
    path = tmp_path / "a.csv"
    path.write_bytes(f"text,label\n{TEXTS[name]!r},1\n".encode(name) * 3)
    cure = encodings.cure(str(path), "utf-8")
    proposed = re.findall(r"([\w-]+) \(", cure)
    assert cure.endswith(f"--data.encoding={proposed[0]}") and len(proposed) < 3
    texts = [path.read_bytes().decode(found, "replace") for found in proposed]
    assert path.read_bytes().decode(name) in texts
    assert "latin-1" not in proposed  # cp1252 has all of its letters


def test_a_header_in_another_encoding_is_told_with_the_cure(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("r\u00e9sum\u00e9,label\nun caf\u00e9,1\n".encode("cp1252"))
    rule = (
        r"a.csv:1: the header line is not valid utf-8. It looks like cp1252 \('r\u00e9"
    )
    with pytest.raises(errors.UserError, match=rule):
        list(sources.read(str(path), sources.Reading(text="label")))


@pytest.mark.parametrize(
    ("mark", "name"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "txt"])
def test_a_byte_order_mark_tells_the_encoding(tmp_path, mark, name, ending):
    body = {
        "csv": "text,label\ncaf\u00e9,1\n",
        "tsv": "text\tlabel\r\ncaf\u00e9\t1\r\n",
        "jsonl": '{"text": "caf\u00e9", "label": "1"}\n',
        "txt": "caf\u00e9\n",
    }[ending]
    path = tmp_path / f"a.{ending}"
    path.write_bytes(mark + body.encode(name))
    (row,) = sources.read(str(path), sources.Reading())
    assert row.values == {"text": "caf\u00e9"} and not row.problem


def test_one_file_of_many_in_another_encoding_is_to_be_turned(tmp_path):
    odd = tmp_path / "b.txt"
    odd.write_bytes("Die schöne Straße war größer.\n".encode("cp1252") * 20)
    (tmp_path / "a.txt").write_text("no letters beyond ASCII\n" * 20)
    (tmp_path / "a.csv").write_text("größer\n" * 20, "utf-8")
    assert "set --data.encoding=cp1252" in encodings.cure(str(odd), "utf-8")
    (tmp_path / "c.txt").write_text("Die Bäume blühen über dem Fluß.\n" * 20, "utf-8")
    cure = encodings.cure(str(odd), "utf-8")
    assert "others beside it are utf-8" in cure
    assert cure.endswith("(iconv -f cp1252 -t utf-8 b.txt)")
    assert "--data.encoding" not in cure  # which would read c.txt wrongly
