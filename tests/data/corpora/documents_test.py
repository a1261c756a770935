"""Each document of a source is used, or counted by the rule that dropped it."""

import json
import pathlib
import tempfile

import pytest

from tests.data.corpora import prepared
from tfm import data
from tfm import errors
from tfm import inputs
from tfm.data.corpora import documents

BYTES = inputs.Text(method="byte", special_tokens=("[EOS]",), lowercase=False)


def _jsonl(path, values) -> str:
    path.write_text("".join(json.dumps({"text": value}) + "\n" for value in values))
    return str(path)


def _texts(store, split):
    rows = range(len(store.splits[split]))
    ids = [store.splits[split].document(i) for i in rows]
    return store.tokenizer.decode(ids)


def _store(folder, **fields):
    config = data.Corpus(**{"workers": 1, "bad_rows": "skip"} | fields)
    return prepared.prepare(config, BYTES, folder / "store")


@pytest.mark.parametrize(
    ("values", "fields", "rule"),
    [
        (
            ["one two"] * 2 + ["three"],
            {"min_characters": 300},
            "3 of 3 documents are shorter than min_characters=300. "
            "Lower --data.min_characters.",
        ),
        (["", None, " \n"], {}, "3 of 3 documents are empty."),
        (
            ["ab", "", 7],
            {"min_characters": 3},
            "1 of 3 documents are empty; 1 of 3 documents are shorter than "
            "min_characters=3; 1 of 3 documents are bad rows (text is not a string). "
            "Lower --data.min_characters.",
        ),
        (
            ["held", "held "],
            {"validation": ["held"]},
            "2 of 2 documents are in a held-out source.",
        ),
        (
            ["one", "one"],
            {"validation_fraction": 0.9999},
            "what it has came to validation (--data.validation_fraction=0.9999).",
        ),
    ],
)
def test_an_empty_corpus_says_which_rules_emptied_it(tmp_path, values, fields, rule):
    source = _jsonl(tmp_path / "a.jsonl", values)
    if "validation" in fields:
        held_out = _jsonl(tmp_path / "v.jsonl", fields["validation"])
        fields = fields | {"validation": held_out}
    with pytest.raises(errors.UserError) as raised:
        _store(tmp_path, train=source, **fields)
    assert str(raised.value) == f"{source} holds no document: {rule}"


def test_an_empty_held_out_source_says_so_too(tmp_path):
    source = _jsonl(tmp_path / "a.jsonl", ["one", "two"])
    for split in ("validation", "test"):
        held_out = _jsonl(tmp_path / f"{split}.jsonl", [None, ""])
        with pytest.raises(errors.UserError) as raised:
            _store(tmp_path, train=source, **{split: held_out})
        rule = "holds no document: 2 of 2 documents are empty."
        assert str(raised.value) == f"{held_out} {rule}"


def test_what_was_left_out_is_told_by_reason(tmp_path):
    values = ["a held one", "twice there", "twice there", "short", "", 7, "a good one"]
    source = _jsonl(tmp_path / "a.jsonl", values)
    held_out = _jsonl(tmp_path / "v.jsonl", ["a held one", "x", "x", None])
    store = _store(tmp_path, train=source, validation=held_out, min_characters=8)
    assert store.dataset.left_out() == [
        f"of validation source {held_out}: 1 empty",
        f"of train source {source}: 1 empty, 1 shorter than min_characters=8, "
        "1 duplicates, 1 in a held-out source, 1 bad rows (text is not a string)",
    ]
    assert _texts(store, "train") == ["twice there", "a good one"]
    assert _texts(store, "validation") == ["a held one", "x", "x"]
    assert store.splits["validation"].skipped == {"empty": 1}


def test_an_evaluated_source_has_every_document(tmp_path):
    """Whatever the limits of the training."""
    values = ["same line"] * 5 + ["b", "", "a line of its own", 7]
    source = _jsonl(tmp_path / "new.jsonl", values)
    config = data.Corpus(
        _jsonl(tmp_path / "a.jsonl", ["same line", "another line"]),
        validation=_jsonl(tmp_path / "v.jsonl", ["same line"]),
        bad_rows="skip",
        min_characters=5,
        max_documents=1,
        max_characters=1000,
        text="text",
        workers=1,
    )
    vocabulary = BYTES.fit([{"text": "a"}])
    split = config.split(source, {}, vocabulary, tmp_path / "scratch")
    found = vocabulary.tokenizer.decode([split.document(i) for i in range(len(split))])
    assert found == [*["same line"] * 5, "b", "a line of its own"]
    assert split.skipped == {"empty": 1, "bad rows (text is not a string)": 1}


def test_each_row_is_a_document_or_counted():
    """Property: of each source, what is kept and what is counted is all that it has."""
    hypothesis = pytest.importorskip("hypothesis")
    from hypothesis import strategies as st

    word = st.sampled_from(["a", "bb", "ccc", "dddd dd", "dddd  dd ", "e\x07e"])
    value = word | st.sampled_from(["", " ", None, 5, True])
    rows = st.lists(value, min_size=1, max_size=20)

    @hypothesis.settings(max_examples=60, deadline=None)
    @hypothesis.given(
        train=rows,
        held_out=st.dictionaries(st.sampled_from(["validation", "test"]), rows),
        min_characters=st.integers(1, 4),
        deduplicate=st.booleans(),
    )
    def check(train, held_out, min_characters, deduplicate):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder)
            values = held_out | {"train": train}
            specs = {n: _jsonl(path / f"{n}.jsonl", v) for n, v in values.items()}
            fields = {
                "validation_fraction": 0.0,
                "min_characters": min_characters,
                "deduplicate": deduplicate,
            }
            try:
                store = _store(path, text="text", **specs, **fields)
            except errors.UserError as error:
                assert " of " in str(error) and "documents are" in str(error)
                return
            for name, of_source in values.items():
                counts = store.manifest["sources"][name]["counts"]
                dropped = documents.dropped(counts, fields)
                kept = _texts(store, name)
                assert len(kept) + sum(dropped.values()) == len(of_source)
                if name == "test":  # all of its texts, in order
                    texts = [v for v in of_source if isinstance(v, str) and v.strip()]
                    assert kept == [text.replace("\x07", "") for text in texts]

    check()
