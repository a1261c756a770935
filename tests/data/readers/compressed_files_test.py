"""Compressed files, and files that are not what their names say."""

import bz2
import gzip
import lzma
import zipfile

import pytest

from tfm import errors
from tfm.data.readers import sources

CSV = b"text,label\na good film,1\n" + b'"two\nlines",0\n' * 5000


def _rows(path, **settings):
    reading = sources.Reading(**{"label": "label"} | settings)
    return [tuple(row.values.values()) for row in sources.read(str(path), reading)]


EXPECTED = [("a good film", "1"), *[("two\nlines", "0")] * 5000]


@pytest.mark.parametrize(
    ("ending", "pack"),
    [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)],
)
def test_a_compressed_file(tmp_path, ending, pack):
    path = tmp_path / f"a.csv.{ending}"
    path.write_bytes(pack(CSV))
    assert _rows(path) == EXPECTED
    path.write_bytes(pack(CSV)[:-20])
    with pytest.raises(errors.UserError, match="is not a whole gzip file|not a whole"):
        _rows(path)


@pytest.mark.parametrize("name", ["a.zip", "a.csv.zip"])
def test_a_zip_with_one_file(tmp_path, name):
    with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("__MACOSX/._a.csv", "x")
        archive.writestr("inner/", "")
        archive.writestr("inner/.DS_Store", "x")
        archive.writestr("inner/a.csv", CSV)
    assert _rows(tmp_path / name) == EXPECTED
    with zipfile.ZipFile(tmp_path / name, "a") as archive:
        archive.writestr("b.csv", CSV)
    rule = "must hold one file; it holds 2: inner/a.csv, b.csv. Unpack it"
    with pytest.raises(errors.UserError, match=rule):
        _rows(tmp_path / name)
    (tmp_path / name).write_bytes(CSV)
    with pytest.raises(errors.UserError, match="is not a whole zip file"):
        _rows(tmp_path / name)


def test_a_zip_of_parquet(tmp_path):
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.table({"text": ["a"], "label": ["b"]})
    parquet.write_table(table, tmp_path / "a.parquet")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(tmp_path / "a.parquet", "a.parquet")
    assert _rows(tmp_path / "a.zip") == [("a", "b")]


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"PK\x03\x04", "a zip file"),
        (b"\xd0\xcf\x11\xe0", "older Office"),
        (b"PAR1", "Parquet"),
        (b"%PDF-1.4", "PDF"),
        (b"\x1f\x8b\x08", "gzip"),
    ],
)
def test_what_is_no_text_is_told_by_its_kind(tmp_path, start, kind):
    (tmp_path / "a.csv").write_bytes(start + bytes(range(256)))
    with pytest.raises(errors.UserError, match=f"a.csv is not text: it is .*{kind}"):
        _rows(tmp_path / "a.csv")


def test_a_list_of_objects_is_rows_too(tmp_path):
    path = tmp_path / "a.json"
    for body in (
        '[{"text": "a", "label": 1}, {"text": "b", "label": 0}]',
        '[\n  {"text": "a",\n "label": 1},\n  {"text": "b", "label": 0}\n]\n',
    ):
        path.write_text(body)
        assert _rows(path) == [("a", 1), ("b", 0)]
    path.write_text('{\n "text": {"0": "a"}\n}')
    with pytest.raises(errors.UserError, match=r"orient='records', lines=True"):
        _rows(path)
    path.write_text('[{"text": "a"}, {"te')
    with pytest.raises(errors.UserError, match="a.json is not valid JSON: "):
        _rows(path)


def test_a_first_line_that_names_the_separator(tmp_path):
    for line in ("sep=;\n", '"sep=;"\r\n'):
        (tmp_path / "a.csv").write_bytes(f"{line}text;label\na, b;1\n".encode())
        assert _rows(tmp_path / "a.csv") == [("a, b", "1")]


def test_an_object_that_holds_the_rows_and_rows_of_objects(tmp_path):
    path = tmp_path / "a.json"
    for body in (
        '{"text": {"0": "a"}, "label": {"0": 1}}',
        '{"v": 1, "d": [{"a": 1}]}',
    ):
        path.write_text(body)
        with pytest.raises(
            errors.UserError, match="one JSON object that holds all rows"
        ):
            _rows(path)
    nested = '{"text": ["a"], "label": ["x"]}\n'
    path.write_text(nested * 3)
    assert _rows(path) == [(["a"], ["x"])] * 3


def test_columns_without_a_name_and_of_one_name(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label,,,label\na,1,x,y,z\n")
    reading = sources.Reading(all_columns=True)
    (row,) = sources.read(str(path), reading)
    assert list(row.values) == ["text", "label", "column_3", "column_4", "label_2"]
    with pytest.raises(
        errors.UserError, match="two columns 'label'. Rename one of them"
    ):
        _rows(path)


def test_a_blank_line_of_one_column_is_an_empty_cell(tmp_path):
    (tmp_path / "a.csv").write_text('text\ngreat\n\n""\nfine\n')
    rows = sources.read(str(tmp_path / "a.csv"), sources.Reading())
    assert [row.values["text"] for row in rows] == ["great", "", "", "fine"]
