"""Property tests: a table that pandas or a spreadsheet writes is read back the same."""

import csv
import io
import pathlib
import tempfile

import pytest

from tfm import data
from tfm.data.readers import formats
from tfm.data.readers import sources
from tfm.data.readers import tables

hypothesis = pytest.importorskip("hypothesis")
from hypothesis import strategies as st  # noqa: E402

pytestmark = pytest.mark.slow  # needs .ci/requirements.txt

ANY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
# words that other programs take for missing values, numbers, formulas or separators
ODD = st.sampled_from(
    ["None", "nan", "NULL", "", " ", "1.0", "007", "=1+1", '"', "a;b|c,d\te", "x\r\ny"]
    + ["\ufeff", "caf\u00e9\u00a0\u2028", "'", "\\", '\\"', "#", "sep=;"]
)
CELL = ANY | ODD
ROWS = st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=12)
COLUMNS = ("text", "label", "other")
quick = hypothesis.settings(max_examples=150, deadline=None)


def _frame(rows, columns=COLUMNS):
    import pandas

    return pandas.DataFrame(rows, columns=list(columns), dtype="object")


def _read(path, **fields):
    reading = sources.Reading(**{"label": "label", "all_columns": True} | fields)
    rows = list(sources.read(str(path), reading))
    problems = [row.problem for row in rows if row.problem]
    assert not problems, problems
    return [tuple(row.values.values()) for row in rows]


@quick
@hypothesis.given(
    rows=ROWS,
    separator=st.sampled_from(sorted(tables.SEPARATORS)),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    ending=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
    packed=st.sampled_from(["", ".gz", ".bz2", ".xz", ".zip"]),
)
def test_csv(rows, separator, quoting, ending, encoding, packed):
    with tempfile.TemporaryDirectory() as folder:
        if encoding.startswith("utf-16") or encoding.startswith("utf-32"):
            packed = ""  # pandas itself cannot
        path = pathlib.Path(folder, f"a.csv{packed}")
        _frame(rows).to_csv(
            path,
            index=False,
            sep=tables.SEPARATORS[separator],
            quoting=quoting,
            lineterminator=ending,
            encoding=encoding,
        )
        assert _read(path) == rows


@quick
@hypothesis.given(rows=ROWS, escaped=st.booleans(), lines=st.booleans())
def test_json(rows, escaped, lines):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "a.json")
        _frame(rows).to_json(path, orient="records", lines=lines, force_ascii=escaped)
        assert _read(path) == rows


@quick
@hypothesis.given(rows=ROWS, feather=st.booleans())
def test_arrow(rows, feather):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "a.feather" if feather else "a.parquet")
        frame = _frame(rows)
        frame.to_feather(path) if feather else frame.to_parquet(path)
        assert _read(path) == rows
        nulls = _frame([(None, "a", "b"), *rows])
        nulls.to_feather(path) if feather else nulls.to_parquet(path)
        assert _read(path) == [(None, "a", "b"), *rows]


@quick
@hypothesis.given(
    rows=st.lists(
        st.tuples(
            *[
                st.text(
                    st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co"])
                ).filter(lambda text: not text.startswith("=") and "_x" not in text)
            ]
            * 3
        ).filter(lambda row: "".join(row).strip()),
        min_size=1,
        max_size=8,
    )
)
def test_spreadsheet(rows):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "a.xlsx")
        _frame(rows).to_excel(path, index=False)
        blank = [tuple(c if c.strip() else "" for c in row) for row in rows]
        assert _read(path) == blank  # a blank cell is no text, and empty in a sheet


@quick
@hypothesis.given(rows=st.lists(ANY | ODD | st.none(), min_size=1, max_size=20))
def test_each_row_to_predict_keeps_its_place(rows):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "a.jsonl")
        _frame([(row,) for row in rows], ["text"]).to_json(
            path, orient="records", lines=True
        )
        reads = list(data.LabeledText(text="text").rows(str(path), {}))
        assert len(reads) == len(rows)
        for read, row in zip(reads, rows, strict=True):
            assert read.row["text"] == (row or "")
            assert bool(read.problem) == (not (row or "").strip())


@quick
@hypothesis.given(lines=st.lists(ANY.filter(lambda t: "\n" not in t), min_size=1))
def test_each_line_of_plain_text_is_a_row(lines):
    hypothesis.assume(lines[-1])  # else the last one is no line
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "a.txt")
        path.write_bytes("\n".join(lines).encode())
        content = path.read_bytes()
        hypothesis.assume(content and (b"\n" in content or b"\r" not in content))
        reads = list(data.LabeledText(text="text").rows(str(path), {}))
        expected = [line.rstrip("\r") for line in lines]
        expected[0] = expected[0].removeprefix("\ufeff")
        assert [read.row["text"] for read in reads] == expected


@quick
@hypothesis.given(texts=st.lists(ANY.filter(lambda t: "%" not in t)))
def test_texts_between_marks_are_parts(texts):
    stream = io.StringIO("%%".join(texts), newline="\n")
    rows = list(formats.parts(stream, "a.txt", "text", "%%"))
    found = [row.values["text"].strip() for row in rows]
    assert found == [text.strip() for text in texts if text.strip()]
    lines = stream.getvalue().split("\n")
    assert all(row.values["text"].split("\n")[0] in lines[row.line - 1] for row in rows)


@quick
@hypothesis.given(content=st.binary(min_size=1, max_size=400))
def test_any_bytes_give_rows_or_one_line(content):
    from tfm import errors

    for ending in ("csv", "jsonl", "txt", "tsv", "json", "csv.gz", "zip", "parquet"):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, f"a.{ending}")
            path.write_bytes(content)
            try:
                for row in sources.read(str(path), sources.Reading(text="")):
                    assert row.problem or isinstance(row.values, dict)
            except errors.UserError as error:
                assert "\n" not in str(error)
