"""Arrow: IPC files and streams, folders that `datasets` saves, names of classes."""

import json

import pyarrow
import pytest
from pyarrow import feather
from pyarrow import parquet

from tfm import errors
from tfm.data.readers import sources

TABLE = pyarrow.table(
    {"text": [f"text {i}" for i in range(3000)], "label": [i % 2 for i in range(3000)]}
)
INFO = {
    "text": {"dtype": "string", "_type": "Value"},
    "label": {"names": ["neg", "pos"], "_type": "ClassLabel"},
}
EXPECTED = [(f"text {i}", ("neg", "pos")[i % 2]) for i in range(3000)]


def _rows(path, **settings):
    reading = sources.Reading(**{"label": "label"} | settings)
    rows = list(sources.read(str(path), reading))
    assert [row.line for row in rows] == list(range(1, len(rows) + 1))
    return [tuple(row.values.values()) for row in rows]


def _stream(path, table):
    with pyarrow.ipc.new_stream(str(path), table.schema) as writer:
        writer.write_table(table, max_chunksize=1500)


def _of_hugging_face(folder, shards=1):
    folder.mkdir()
    names = [f"data-{i:05}-of-{shards:05}.arrow" for i in range(shards)]
    size = TABLE.num_rows // shards
    for i, name in enumerate(names):
        _stream(folder / name, TABLE.slice(i * size, size))
    files = {"_data_files": [{"filename": name} for name in names]}
    (folder / "state.json").write_text(json.dumps(files))
    (folder / "dataset_info.json").write_text(json.dumps({"features": INFO}))


def test_a_stream_and_a_feather_file(tmp_path):
    numbers = [(text, ("neg", "pos").index(label)) for text, label in EXPECTED]
    _stream(tmp_path / "a.arrow", TABLE)
    feather.write_feather(TABLE, str(tmp_path / "a.feather"))
    assert _rows(tmp_path / "a.arrow") == numbers
    assert _rows(tmp_path / "a.feather") == numbers
    (tmp_path / "a.arrow").write_bytes((tmp_path / "a.arrow").read_bytes()[:2000])
    with pytest.raises(errors.UserError, match="a.arrow is not valid Arrow: "):
        _rows(tmp_path / "a.arrow")


def test_a_folder_of_datasets_with_the_names_of_its_classes(tmp_path):
    _of_hugging_face(tmp_path / "one", shards=2)
    rows = list(sources.read(str(tmp_path / "one"), sources.Reading(label="label")))
    assert [tuple(row.values.values()) for row in rows] == EXPECTED
    assert rows[1500].origin.endswith("data-00001-of-00002.arrow")


def test_a_folder_of_several_splits_names_them(tmp_path):
    for name in ("train", "test"):
        _of_hugging_face(tmp_path / name)
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    rule = f"{tmp_path} holds the splits test, train. Give each by itself, such as"
    with pytest.raises(errors.UserError, match=rule):
        _rows(tmp_path)
    assert _rows(tmp_path / "train") == EXPECTED


def test_parquet_of_hugging_face_has_the_names_too(tmp_path):
    metadata = {b"huggingface": json.dumps({"info": {"features": INFO}}).encode()}
    table = TABLE.replace_schema_metadata(metadata)
    parquet.write_table(table, tmp_path / "a.parquet")
    assert _rows(tmp_path / "a.parquet") == EXPECTED
    parquet.write_table(table.set_column(1, "label", [[-1] * 3000]), tmp_path / "b.pq")
    assert {label for _, label in _rows(tmp_path / "b.pq")} == {None}


@pytest.mark.slow  # needs .ci/requirements.txt
def test_what_datasets_itself_saves(tmp_path):
    import datasets

    features = datasets.Features.from_dict(INFO)
    made = datasets.Dataset(TABLE).cast(features)
    made.save_to_disk(str(tmp_path / "saved"), num_shards=2)
    rows = list(sources.read(str(tmp_path / "saved"), sources.Reading(label="label")))
    assert [tuple(row.values.values()) for row in rows] == EXPECTED
    made.to_parquet(str(tmp_path / "a.parquet"))
    assert _rows(tmp_path / "a.parquet") == EXPECTED
