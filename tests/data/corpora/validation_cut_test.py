"""What is cut for validation: documents, or the tails of one or of few long ones."""

import dataclasses
import json

import pytest

from tests.data.corpora import prepared
from tfm import data
from tfm import errors
from tfm import inputs
from tfm.data.corpora import validation_cut

BYTES = inputs.Text(method="byte", special_tokens=("[EOS]",))


def _corpus(tmp_path, lines, **fields) -> data.Corpus:
    (tmp_path / "a.txt").write_text("\n".join(lines), "utf-8")
    fields = {"workers": 1, "text": "text"} | fields
    return data.Corpus(train=str(tmp_path / "a.txt"), **fields)


def _documents(number: int, size: int) -> list[str]:
    return [f"{i:05} ".ljust(size, "x") for i in range(number)]


@pytest.mark.parametrize(
    ("number", "size", "cut", "reason"),
    [
        (1, 40, "tail", "the last 10 % of each document, as there is one"),
        (50, 20_000, "tail", "as they are few and long: 50, of 20,000 characters each"),
        (50, 19_000, "document", "10 % of the documents, by their hash"),
        (100, 20_000, "document", "10 % of the documents, by their hash"),
        (2, 40, "document", "10 % of the documents, by their hash"),
        (300, 40, "document", "10 % of the documents, by their hash"),
    ],
)
def test_what_auto_is(tmp_path, number, size, cut, reason):
    corpus = _corpus(tmp_path, _documents(number, size), validation_fraction=0.1)
    found = validation_cut.decided(corpus)
    assert found.cut == cut
    assert found.line.startswith(f"validation (cut={cut}): ")
    assert found.line.endswith(reason)
    applied = validation_cut.applied(corpus, found._asdict())
    assert (
        applied.cut == cut
        and dataclasses.replace(applied, cut="auto", validation_fraction=0.1) == corpus
    )


def test_of_few_documents_the_share_is_exact_and_one_at_least(tmp_path):
    for number, expected in ((2, 1), (9, 1), (40, 4), (99, 10)):
        corpus = _corpus(tmp_path, _documents(number, 30), validation_fraction=0.1)
        store = prepared.prepare(corpus, BYTES, tmp_path / f"store{number}")
        assert len(store.splits["validation"]) == expected
        assert len(store.splits["train"]) == number - expected
    by_hash = dataclasses.replace(corpus, cut="document")
    assert validation_cut.decided(by_hash).validation_fraction == 0.1


def test_it_is_told_and_kept_with_the_store(tmp_path):
    corpus = _corpus(tmp_path, ["one text " * 99], document="file")
    store = prepared.prepare(corpus, BYTES, tmp_path / "store")
    line = "validation (cut=tail): the last 5.0 % of each document, as there is one"
    assert line in store.dataset.summary()
    again = prepared.prepare(corpus, BYTES, tmp_path / "store")
    assert line in again.dataset.summary()
    with pytest.raises(errors.UserError, match="data.cut='auto', not data.cut='tail'"):
        prepared.prepare(
            dataclasses.replace(corpus, cut="tail"), BYTES, tmp_path / "store"
        )


def test_nothing_is_decided_where_nothing_is_cut(tmp_path):
    corpus = _corpus(tmp_path, ["a", "b"], validation_fraction=0.0)
    assert validation_cut.decided(corpus) is None
    assert validation_cut.applied(corpus, None) is corpus
    store = prepared.prepare(corpus, BYTES, tmp_path / "store")
    assert not any("validation (" in line for line in store.dataset.summary())


def test_tails_that_are_stubs_are_refused(tmp_path):
    corpus = _corpus(tmp_path, _documents(300, 390), cut="tail")
    with pytest.raises(errors.UserError) as told:
        prepared.prepare(corpus, BYTES, tmp_path / "store")
    assert "\n" not in str(told.value)
    assert "Got 19 on average for 0.05 of each document of" in str(told.value)
    enough = dataclasses.replace(corpus, validation_fraction=0.6)
    assert validation_cut.decided(enough).cut == "tail"


def test_a_store_of_another_format_is_refused_in_one_line(tmp_path):
    corpus = _corpus(tmp_path, _documents(9, 30))
    prepared.prepare(corpus, BYTES, tmp_path / "store")
    path = tmp_path / "store" / "manifest.json"
    manifest = json.loads(path.read_text())
    for old, shown in ((manifest | {"format": 1}, 1), ({**manifest, "version": 1}, 1)):
        if "version" in old:  # as the first ones had it
            del old["format"]
        path.write_text(json.dumps(old))
        with pytest.raises(errors.UserError) as told:
            prepared.prepare(corpus, BYTES, tmp_path / "store")
        assert f"its format is {shown}, not 2. Give another folder" in str(told.value)
        assert "\n" not in str(told.value)
