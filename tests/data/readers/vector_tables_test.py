"""Word vectors as a NumPy table, with their words in a file beside it."""

import json

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from tfm import errors
from tfm.data.readers import vector_files

WORDS = ["the", "film", "caf\u00e9", "10"]
TABLE_ND = np.arange(12, dtype=np.float32).reshape(4, 3) / 8
ROWS = [2, 0, 3, 1]  # of the words, where a file names them


def _parquet(path, **columns):
    parquet.write_table(pyarrow.table(columns), path)


INDEXES = {
    "parquet": lambda p: _parquet(p, index=WORDS),
    "parquet with rows": lambda p: _parquet(p, word=WORDS, row=ROWS),
    "json": lambda p: p.write_text(json.dumps(WORDS)),
    "json with rows": lambda p: p.write_text(
        json.dumps(dict(zip(WORDS, ROWS, strict=True)))
    ),
    "txt": lambda p: p.write_text("\n".join(WORDS), encoding="utf-8"),
    "txt with rows": lambda p: p.write_text(
        "".join(f"{w}\t{r}\n" for w, r in zip(WORDS, ROWS, strict=True)),
        encoding="utf-8",
    ),
}


def _read(path):
    file = vector_files.find(str(path))
    return file, vector_files.read(file, {"film", "caf\u00e9", "dull"})


@pytest.mark.parametrize("kind", INDEXES)
@pytest.mark.parametrize("stem", ["glove", "other"])
def test_each_file_of_words(tmp_path, kind, stem):
    np.save(tmp_path / "glove.npy", TABLE_ND.astype(np.float16))
    INDEXES[kind](tmp_path / f"{stem}.{kind.partition(' ')[0]}")
    file, found = _read(tmp_path / "glove.npy")
    assert (file.layout, file.width, file.num_words) == ("table", 3, 4)
    rows = ROWS if "rows" in kind else range(4)
    assert found.vectors.keys() == {"film", "caf\u00e9"}
    for word, vector in found.vectors.items():
        assert vector.dtype == np.float32
        np.testing.assert_array_equal(vector, TABLE_ND[rows[WORDS.index(word)]])


BAD = {
    "none": (lambda p: None, "read from one file beside it, such as glove.txt .* none"),
    "few": (lambda p: (p / "a.txt").write_text("a\nb\n"), "Got 2 words, 4 rows."),
    "row": (
        lambda p: (p / "a.txt").write_text("a\t4\n"),
        "must name a row of glove.npy for each word. Got row 4 for 'a'; the table has",
    ),
    "json": (lambda p: (p / "a.json").write_text("{"), "a.json cannot be read: "),
    "numbers": (lambda p: (p / "a.json").write_text("[1]"), "must hold a list of word"),
    "columns": (
        lambda p: _parquet(p / "a.parquet", a=WORDS, b=WORDS),
        "must have a column of words, and at most one of rows. Its columns: a, b.",
    ),
    "two": (
        lambda p: [(p / f"{n}.txt").write_text("a") for n in "ab"],
        "Got a.txt, b.txt.",
    ),
    "shape": (
        lambda p: np.save(p / "glove.npy", TABLE_ND[0]),
        r"must have a row of numbers for each word. .*glove.npy has shape \(3,\)",
    ),
    "cut": (
        lambda p: (p / "glove.npy").write_bytes((p / "glove.npy").read_bytes()[:-9]),
        "glove.npy cannot be read: ",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_does_not_fit_is_told(tmp_path, name):
    make, rule = BAD[name]
    np.save(tmp_path / "glove.npy", TABLE_ND)
    make(tmp_path)
    with pytest.raises(errors.UserError, match=rule):
        _read(tmp_path / "glove.npy")
