"""A corpus as a data set: its vocabulary before and after, streams, other sources."""

import dataclasses

import numpy as np
import pytest

from tests.data.corpora import prepared
from tests.support import published_tokenizers
from tfm import data
from tfm import errors
from tfm import inputs
from tfm.data import batches
from tfm.data.corpora import local_preparation

LINES = [f"Line {i} of a film about caf\u00e9 {i % 7}." for i in range(300)]
TEXT = inputs.Text(method="character", vocab_size=40, special_tokens=("[EOS]",))


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_text("".join(f"{line}\n" for line in LINES), "utf-8")
    return data.Corpus(train=str(path), shard_characters=2000, workers=1)


class _StopError(Exception):
    pass


class Stops(local_preparation.Local):
    """Fails after so many shards."""

    def __init__(self, shards):
        super().__init__(1)
        self._shards = shards

    def encode(self, jobs):
        for _, outcome in zip(range(self._shards), super().encode(jobs), strict=False):
            yield outcome
        raise _StopError


def test_the_store_lies_in_the_runs_folder_or_where_it_is_said(corpus, tmp_path):
    preprocessor = TEXT.fit([{"text": line} for line in LINES])
    corpus.prepare(tmp_path / "run").encode(preprocessor, tmp_path / "run")
    assert (tmp_path / "run" / "store" / "manifest.json").is_file()
    shared = dataclasses.replace(corpus, store=str(tmp_path / "shared"))
    dataset = shared.prepare(tmp_path / "other")
    dataset.encode(preprocessor, tmp_path / "other")
    assert (tmp_path / "shared" / "manifest.json").is_file()
    assert not (tmp_path / "other").exists()
    assert dataset.columns == {}


def test_a_vocabulary_is_asked_for_until_a_shard_was_made_with_it(corpus, tmp_path):
    kept = tmp_path / "store" / "tokenizer"
    for shards in (0, 2):
        dataset = corpus.prepare(tmp_path, Stops(shards))
        assert dataset.preprocessor is None
        preprocessor = TEXT.fit(dataset.training_rows())
        with pytest.raises(_StopError):
            dataset.encode(preprocessor, tmp_path)
    dataset = corpus.prepare(tmp_path)
    assert dataset.preprocessor == kept and not dataset.is_finished
    with pytest.raises(errors.UserError, match=f"has a vocabulary: {kept}"):
        list(dataset.training_rows())
    loaded = TEXT.load(kept)
    assert loaded.tokenizer.vocabulary == preprocessor.tokenizer.vocabulary
    with pytest.raises(errors.UserError, match="=40, not inputs.vocab_size=41"):
        dataset.encode(
            dataclasses.replace(TEXT, vocab_size=41).fit([{"text": "abc"}]), tmp_path
        )
    with pytest.raises(errors.UserError, match="data.unicode='nfc', not data.unicode"):
        dataclasses.replace(corpus, unicode="nfkc").prepare(tmp_path)
    dataset.encode(loaded, tmp_path)
    finished = corpus.prepare(tmp_path)
    assert finished.preprocessor == kept and finished.is_finished
    assert (
        dataset.summary()[0] == f"train source {corpus.train}: 300 lines as documents"
    )


def test_another_vocabulary_before_the_first_shard_is_no_mistake(corpus, tmp_path):
    dataset = corpus.prepare(tmp_path, Stops(0))
    few = dataclasses.replace(TEXT, vocab_size=20).fit(dataset.training_rows())
    with pytest.raises(_StopError):
        dataset.encode(few, tmp_path)
    dataset = corpus.prepare(tmp_path)
    more = TEXT.fit(dataset.training_rows())
    dataset.encode(more, tmp_path)
    assert more.tokenizer.vocab_size > few.tokenizer.vocab_size
    saved = TEXT.load(tmp_path / "store" / "tokenizer")
    assert saved.tokenizer.vocabulary == more.tokenizer.vocabulary


def test_reserved_tokens_are_the_stores_too(corpus, tmp_path):
    config = dataclasses.replace(TEXT, special_tokens=())
    dataset = corpus.prepare(tmp_path)
    preprocessor = config.fit(dataset.training_rows(), reserved=("[EOS]",))
    splits = dataset.encode(preprocessor, tmp_path)
    assert all(row[-1] == 2 for row in splits["train"].take([0, 5])["tokens"])
    again = corpus.prepare(tmp_path)
    again.encode(config.load(again.preprocessor), tmp_path)


def test_a_split_is_a_stream_of_documents(corpus, tmp_path):
    store = prepared.prepare(corpus, TEXT, tmp_path / "store")
    for split in store.splits.values():
        places = np.arange(len(split))
        texts = [row["text"] for row in split.rows(places)]
        assert texts == [line.lower() for line in LINES if line.lower() in texts]
        lines = [int(origin.rpartition(":")[2]) for origin in split.origins(places)]
        assert [LINES[line - 1].lower() for line in lines] == texts
        taken = split.take(places)["tokens"]
        assert np.concatenate(taken).tolist() == split.read(0, split.ends[-1]).tolist()
        assert split.ends.tolist() == np.cumsum([*map(len, taken)]).tolist()
        turned = split.rows(places[::-1])
        assert [row["text"] for row in turned] == texts[::-1]
    (batch,) = batches.eager(batches.Rows(split, store.preprocessor.stored), len(split))
    assert (batch["tokens"] > 0).sum(1).tolist() == [*map(len, taken)]


def test_another_source_becomes_a_store_of_its_own(corpus, tmp_path):
    """Of which each document counts, whatever training drops."""
    config = dataclasses.replace(
        corpus,
        validation_fraction=0.5,
        max_documents=1,
        min_characters=8,
        store=str(tmp_path / "s"),
    )
    unlimited = dataclasses.replace(config, max_documents=None)
    store = prepared.prepare(unlimited, TEXT, tmp_path / "s")
    (tmp_path / "new.txt").write_text("one film\n\none film\nline\x07 no\n")
    split = config.split(
        str(tmp_path / "new.txt"), {}, store.preprocessor, tmp_path / "scratch"
    )
    every = np.arange(3)
    texts = [row["text"] for row in split.rows(every)]
    assert texts == ["one film", "one film", "line no"]
    assert split.origins(every) == [f"{tmp_path / 'new.txt'}:{n}" for n in (1, 3, 4)]
    assert split.ends.tolist() == [9, 18, 26] and split.skipped == {}


def test_rows_for_prediction_are_those_of_the_file(corpus, tmp_path):
    (tmp_path / "new.csv").write_text("text,n\n A film.,1\nA film.,2\n")
    reads = list(corpus.rows(str(tmp_path / "new.csv"), {}))
    assert [read.row for read in reads] == [{"text": " A film."}, {"text": "A film."}]
    assert reads[1].shown == {"text": "A film.", "n": "2"}
    assert reads[1].origin == f"{tmp_path / 'new.csv'}:3"


def test_documents_of_a_published_tokenizer_are_parted_by_one_end(tmp_path):
    """And what a document says of the end is text."""
    published_tokenizers.write("gpt2", tmp_path / "gpt2")
    lines = ["it says <|endoftext|> here", "A second café", "</s> [SEP]"]
    (tmp_path / "lines.txt").write_text("\n".join(lines), "utf-8")
    corpus = data.Corpus(train=str(tmp_path / "lines.txt"), workers=1)
    corpus = dataclasses.replace(corpus, validation_fraction=0.0)
    text = inputs.PretrainedText(preset=str(tmp_path / "gpt2"))
    store = prepared.prepare(corpus, text, tmp_path / "store")
    split, tokenizer = store.splits["train"], store.tokenizer
    ids = split.read(0, split.ends[-1])
    assert np.flatnonzero(ids == tokenizer.eos_id).tolist() == (split.ends - 1).tolist()
    assert len(split) == 3 and ids[0] != tokenizer.eos_id
    rows = split.take(np.arange(3))["tokens"]
    assert sorted(tokenizer.decode(rows)) == sorted(lines)
