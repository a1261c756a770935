"""Folders: tables, classes, nested folders, dot files, several splits."""

import pytest

from tfm import errors
from tfm.data.readers import locations
from tfm.data.readers import notes


def _fill(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("text,label\na film,1\n")


def _found(folder, *arguments):
    found = locations.files(str(folder), *arguments)
    return [(f.path.relative_to(folder).as_posix(), f.format, f.label) for f in found]


@pytest.fixture(autouse=True)
def _nothing_told(monkeypatch):
    monkeypatch.setattr(notes, "_told", set())


def test_texts_of_classes_however_deep_and_whatever_ends_their_names(tmp_path, capsys):
    _fill(
        tmp_path, "pos/1.txt", "pos/2019/2.txt", "neg/103", "neg/0001.2002", "x/5.TXT"
    )
    _fill(tmp_path, ".git/1.txt", "pos/._1.txt", "pos/.DS_Store", "pos/.deep/9.txt")
    _fill(tmp_path, "README.txt", "neg/poster.jpg")
    assert _found(tmp_path) == [
        ("neg/0001.2002", "folder", "neg"),
        ("neg/103", "folder", "neg"),
        ("pos/1.txt", "folder", "pos"),
        ("pos/2019/2.txt", "folder", "pos"),
        ("x/5.TXT", "folder", "x"),
    ]
    assert capsys.readouterr().err == (
        f"note: {tmp_path}: 5 files are read, 2 left out (1 .txt, 1 .jpg)\n"
    )
    _found(tmp_path)
    assert capsys.readouterr().err == ""  # told once


def test_other_endings_are_texts_where_the_format_says_folder(tmp_path):
    _fill(tmp_path, "spam/1.eml", "ham/2.eml")
    rule = r"It holds 2 .eml; with --data.format=folder each file in a folder of it is"
    with pytest.raises(errors.UserError, match=rule):
        _found(tmp_path)
    assert _found(tmp_path, "folder") == [
        ("ham/2.eml", "folder", "ham"),
        ("spam/1.eml", "folder", "spam"),
    ]


def test_tables_are_read_at_any_depth_and_texts_beside_them_are_told(tmp_path, capsys):
    _fill(tmp_path, "b.csv", "2020/a.csv", "2020/notes.txt", ".b.csv", "LICENSE")
    assert _found(tmp_path) == [("2020/a.csv", "csv", ""), ("b.csv", "csv", "")]
    said = capsys.readouterr().err
    assert "2 files are read, 2 left out (1 .txt, 1 no ending)" in said


def test_without_classes_all_files_are_read(tmp_path, capsys):
    _fill(tmp_path, "top.txt", "sub/below.txt", "sub/rows.csv", "train.txt", "test.txt")
    _fill(tmp_path, "LICENSE")
    assert _found(tmp_path, "auto", "lines") == [
        ("sub/below.txt", "text", ""),
        ("sub/rows.csv", "csv", ""),
        ("test.txt", "text", ""),
        ("top.txt", "text", ""),
        ("train.txt", "text", ""),
    ]
    assert "1 left out (1 no ending)" in capsys.readouterr().err


@pytest.mark.parametrize(
    "names",
    [
        ("train/pos/1.txt", "test/pos/2.txt"),
        ("train.csv", "test.csv"),
        ("train/a.parquet", "validation/b.parquet"),
    ],
)
def test_several_splits_are_not_mixed(tmp_path, names):
    _fill(tmp_path, *names)
    with pytest.raises(
        errors.UserError, match="holds the splits .*train.*not be mixed"
    ):
        _found(tmp_path)


def test_dot_files_do_not_match_a_pattern_unless_it_names_them(tmp_path):
    _fill(tmp_path, "a.csv", "._a.csv", ".b.csv")
    found = locations.files(str(tmp_path / "*.csv"))
    assert [file.path.name for file in found] == ["a.csv"]
    found = locations.files(str(tmp_path / ".b*"))
    assert [file.path.name for file in found] == [".b.csv"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.tfrecord-00000-of-00010", "tfrecord"),
        ("a.TFRecords.gz", "tfrecord"),
        ("a.csv-00001-of-00002", "csv"),
        ("a.csv.bz2", "csv"),
        ("a.json.xz", "jsonl"),
        ("a.unknown", ""),
    ],
)
def test_the_format_that_a_name_tells(tmp_path, name, expected):
    from tfm.data.readers import folders

    assert folders.format_of(tmp_path / name) == expected


@pytest.mark.parametrize("texts", ["classes", "lines", "whole"])
def test_what_systems_leave_is_no_data_in_any_folder(tmp_path, texts):
    _fill(tmp_path, "pos/1.txt", "neg/2.txt")
    expected = _found(tmp_path, "auto", texts)
    assert [name for name, *_ in expected] == ["neg/2.txt", "pos/1.txt"]
    _fill(tmp_path, "pos/._1.txt", "pos/.hidden/3.txt", "pos/~$1.txt", ".git/4.txt")
    _fill(tmp_path, "__MACOSX/pos/5.txt", "pos/Thumbs.db", "pos/desktop.ini")
    _fill(tmp_path, "__pycache__/6.txt", "pos/.DS_Store", "__MACOSX/rows.csv")
    assert _found(tmp_path, "auto", texts) == expected
    below = locations.files(f"{tmp_path}/**/*.txt", "text", texts)
    assert {file.path.name for file in below} == {"1.txt", "2.txt"}


@pytest.mark.parametrize("texts", ["classes", "lines", "whole"])
def test_folders_behind_links_are_read_once_and_loops_end(tmp_path, texts):
    _fill(tmp_path / "root", "pos/1.txt", "neg/2.txt")
    _fill(tmp_path / "elsewhere", "3.txt", "deep/4.txt")
    (tmp_path / "root" / "more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "deep" / "again").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "root" / "pos" / "up").symlink_to("..")
    (tmp_path / "root" / "above").symlink_to(tmp_path)
    found = [name for name, *_ in _found(tmp_path / "root", "auto", texts)]
    assert found == ["more/3.txt", "more/deep/4.txt", "neg/2.txt", "pos/1.txt"]
    (tmp_path / "root" / "pos" / "gone.txt").symlink_to("nowhere")
    with pytest.raises(errors.UserError, match="gone.txt is a link to a file that"):
        _found(tmp_path / "root", "auto", texts)
