"""Files of word vectors: each layout by its content, packed or not, and bad ones."""

import gzip
import zipfile

import numpy as np
import pytest

from tfm import errors
from tfm.data.readers import vector_files

VECTORS = {
    "the": [0.5, -1.25, 2.0],
    "caf\u00e9": [1e-3, 4.0, -0.5],
    "film": [0.0, 1.0, 8.5],
    "Film": [3.0, 3.0, 3.0],
}
WANTED = {"film", "the", "caf\u00e9", "Film", "dull"}


def _lines(vectors=VECTORS, end="\n") -> bytes:
    return "".join(
        f"{word} {' '.join(map(str, vector))}{end}" for word, vector in vectors.items()
    ).encode()


def _binary(vectors=VECTORS, end=b"\n") -> bytes:
    body = b"".join(
        word.encode() + b" " + np.array(vector, "<f4").tobytes() + end
        for word, vector in vectors.items()
    )
    return b"%d 3\n" % len(vectors) + body


LAYOUTS = {
    "glove": ("glove", _lines()),
    "glove of Windows": ("glove", _lines(end="\r\n")),
    "word2vec": ("word2vec", b"4 3\n" + _lines()),
    "fastText's .vec": ("word2vec", b"4 3\n" + _lines(end=" \n")),
    "word2vec binary": ("word2vec binary", _binary()),
    "gensim's binary": ("word2vec binary", _binary(end=b"")),
}


def _read(path, wanted=frozenset(WANTED)):
    return vector_files.read(vector_files.find(str(path)), wanted)


def _check(found, expected=VECTORS):
    assert found.vectors.keys() == expected.keys()
    for word, vector in expected.items():
        assert found.vectors[word].dtype == np.float32
        np.testing.assert_array_equal(found.vectors[word], np.float32(vector))


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_layout_is_told_by_its_content(tmp_path, name, ending):
    layout, body = LAYOUTS[name]
    path = tmp_path / f"vectors.any{ending}"
    path.write_bytes(gzip.compress(body) if ending else body)
    file = vector_files.find(str(path))
    assert (file.layout, file.width) == (layout, 3)
    found = vector_files.read(file, WANTED)
    _check(found)
    assert found.num_words == 4 and not found.skipped


def test_a_file_of_a_zip(tmp_path):
    path = tmp_path / "glove.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("glove.3d.txt", _lines())
    _check(_read(path))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("glove.1d.txt", "the 1.5\n")
    found = _read(f"{path}#glove.1d.txt")
    assert found.vectors["the"].tolist() == [1.5]
    with pytest.raises(errors.UserError) as raised:
        _read(path)
    assert str(raised.value) == (
        f"{path} holds 2 files: glove.3d.txt, glove.1d.txt. "
        f"Name one, as {path}#glove.3d.txt."
    )
    with pytest.raises(errors.UserError, match="holds no file 'x'. It holds glove.3d."):
        _read(f"{path}#x")


def test_words_with_spaces_and_without_a_first_line_of_three_fields(tmp_path):
    path = tmp_path / "840B.txt"
    path.write_text(". . . 1 2 3\n1 000 4 5 6\nat me@x.org 7 8 9\nfilm 1 1 1\n")
    words = {". . .", "1 000", "at me@x.org", "film"}
    found = _read(path, words)
    assert found.vectors.keys() == words
    assert found.vectors["1 000"].tolist() == [4, 5, 6]


def test_one_in_many_words_is_kept_and_the_first_of_two(tmp_path):
    path = tmp_path / "many.txt"
    body = "".join(f"word{i} {i} {-i}\n" for i in range(30_000))
    path.write_text(f"{body}word7 0 0\n")  # more than is looked at for the layout
    found = _read(path, {"word7", "word29999"})
    assert found.vectors.keys() == {"word7", "word29999"}
    assert found.vectors["word7"].tolist() == [7, -7]
    assert found.num_words == 30_001


def test_binary_words_across_the_parts_that_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(vector_files, "_READ", 50)
    monkeypatch.setattr(vector_files, "_LONGEST", 16)
    path = tmp_path / "many.bin"
    vectors = {f"w{i}": [i, i + 0.5, -i] for i in range(200)}
    path.write_bytes(_binary(vectors))
    _check(_read(path, set(vectors)), vectors)


def test_words_that_are_not_utf_8_do_no_harm(tmp_path):
    path = tmp_path / "broken.txt"
    path.write_bytes(b"caf\xe9 1 2 3\n" + _lines())
    _check(_read(path))
    path.write_bytes(_binary().replace("\u00e9".encode(), b"\xc3\xff"))
    assert _read(path).vectors.keys() == VECTORS.keys() - {"caf\u00e9"}


def test_lines_that_are_no_vectors_are_left_out_and_counted(tmp_path):
    path = tmp_path / "ragged.txt"
    bad = b"dull 1 2\ngood 1 2 3 4\nodd 1 2 x\nlost nan 1 2\nfar 1 inf 2\n"
    path.write_bytes(_lines() + bad)
    found = _read(path, WANTED | {"good", "odd", "lost", "far"})
    _check(found)
    assert found.skipped == {
        "with fewer than 3 numbers": 1,
        "with more than 3 numbers": 1,
        "with what is no number": 1,
        "with numbers that are not finite": 2,
    }


BAD = {
    "missing": (None, "There is no file"),
    "empty": (b"", "is empty."),
    "blank lines": (b"\n\n\n", "holds no word vectors"),
    "one long line": (b"[" + b"1," * 300_000 + b"]", "holds no word vectors"),
    "a text": (b"It was a dull film.\nWe left.\n", "holds no word vectors. A line is"),
    "another width": (
        b"2 5\nthe 1 2 3\nfilm 1 2 3\n",
        "says in its first line that a word has 5 numbers; its second line has 3.",
    ),
    "a fastText model": (b"\xba\x16\x4f\x2f" + bytes(99), "Give the file of its word"),
    "a part": (_binary()[:-9], "ends after 3 of 4 words: it is not whole."),
    "lines fewer than it says": (
        b"9 3\nthe 1 2 3\nfilm 1 2 3\n",
        "ends after 2 of 9 words: it is not whole.",
    ),
    "header": (b"4 3\n", "ends after 0 of 4 words: it is not whole."),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_is_told_in_one_line(tmp_path, name):
    body, rule = BAD[name]
    path = tmp_path / "bad.txt"
    if body is not None:
        path.write_bytes(body)
    with pytest.raises(errors.UserError) as raised:
        _read(path)
    message = str(raised.value)
    assert rule in message and str(path) in message and "\n" not in message


def test_a_damaged_archive_and_a_folder(tmp_path):
    path = tmp_path / "cut.txt.gz"
    many = {f"w{i}": [i, i, i] for i in range(9999)}
    path.write_bytes(gzip.compress(_lines(many))[:-50])
    with pytest.raises(errors.UserError, match="cut.txt.gz is not whole: "):
        _read(path)
    path.rename(tmp_path / "no.zip")
    with pytest.raises(errors.UserError, match="no.zip is not whole: File is not a z"):
        _read(tmp_path / "no.zip")
    (tmp_path / "other.txt").write_text("a")
    with pytest.raises(errors.UserError, match="are read from one file. .* holds 2."):
        _read(tmp_path)
