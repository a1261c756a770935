"""A store that is interrupted, found again, refused; and processes that make it."""

import dataclasses
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

import pytest

from tests.data.corpora import prepared
from tfm import data
from tfm import errors
from tfm import files
from tfm import inputs
from tfm import lock
from tfm.data.corpora import local_preparation
from tfm.data.corpora import shard_workers
from tfm.data.corpora import shards

ROOT = pathlib.Path(__file__).parents[3]
SECONDS = 60
WORDS = inputs.Text(method="word", vocab_size=60, special_tokens=("[EOS]",))


@pytest.fixture
def corpus(tmp_path):
    """Three files of 1,000 lines, of which one in eleven is a duplicate."""
    (tmp_path / "texts").mkdir()
    for file in range(3):
        numbers = [i - i % 11 if i % 11 == 1 else i for i in range(1000)]
        lines = [f"line {i} of file {file} about\x07 nothing {i % 3}" for i in numbers]
        text = "".join(f"{line}\n" for line in lines)
        (tmp_path / "texts" / f"{file}.txt").write_text(text)
    return data.Corpus(
        train=str(tmp_path / "texts"), shard_characters=10_000, workers=1
    )


@pytest.fixture
def vocabulary():
    return WORDS.fit([{"text": "line of file about nothing 0 1 2 3 4 5 6 7 8 9"}])


def contents(folder: pathlib.Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_workers_make_the_same_store(tmp_path, corpus):
    prepared.prepare(corpus, WORDS, tmp_path / "one")
    found = contents(tmp_path / "one")
    assert len(found) > 3 * 10
    prepared.prepare(dataclasses.replace(corpus, workers=2), WORDS, tmp_path / "two")
    assert contents(tmp_path / "two") == found


class _StopError(Exception):
    pass


@pytest.mark.parametrize("ready", [True, False])
def test_it_goes_on_from_any_point_and_makes_no_shard_twice(
    tmp_path, corpus, vocabulary, ready, monkeypatch
):
    source = vocabulary if ready else WORDS
    prepared.prepare(corpus, source, tmp_path / "whole")
    whole = contents(tmp_path / "whole")
    monkeypatch.setattr(local_preparation, "_BATCH_DOCUMENTS", 100)
    made = []

    class Stops(local_preparation.Local):
        """Fails in the scan after so many buffers, or after so many shards."""

        def __init__(self, buffers, jobs):
            super().__init__(1)
            self.buffers, self.jobs = buffers, jobs

        def scan(self, config, work):
            for i, buffer in enumerate(super().scan(config, work)):
                if i == self.buffers:
                    raise _StopError
                yield buffer

        def encode(self, jobs):
            for i, outcome in enumerate(super().encode(jobs)):
                made.append((outcome["split"], outcome["number"]))
                yield outcome
                if i == self.jobs:
                    raise _StopError

    for buffers, jobs in [(0, 9), (2, 99), (7, 1), (99, 0), (99, 3)]:
        with pytest.raises(_StopError):
            prepared.prepare(corpus, source, tmp_path / "parts", Stops(buffers, jobs))
        assert not (tmp_path / "parts" / "manifest.json").exists()
    prepared.prepare(corpus, source, tmp_path / "parts", Stops(999, 999))
    assert len(made) == len(set(made))
    assert contents(tmp_path / "parts") == whole


KILLED = """
import sys
from tfm import data
from tests.data.corpora import corpus_preparation_test as test
from tests.data.corpora import prepared
corpus = data.Corpus(train=sys.argv[1], shard_characters=10_000, workers=2)
prepared.prepare(corpus, test.WORDS, sys.argv[2])
"""


def test_it_goes_on_after_kill_9_which_leaves_no_process(tmp_path, corpus):
    prepared.prepare(corpus, WORDS, tmp_path / "whole")
    killed = tmp_path / "killed"
    kept = {}
    for wanted in (1, 6):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, corpus.train, str(killed)],
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        until = time.monotonic() + SECONDS
        while process.poll() is None and time.monotonic() < until:
            if len(list(killed.glob("unfinished/*.done"))) >= wanted:
                break
            time.sleep(0.002)
        process.kill()  # which may have ended
        process.wait()
        while _group_runs(process.pid):
            assert time.monotonic() < until, "a process is left"
            time.sleep(0.05)
        for done in killed.glob("unfinished/*.done"):
            kept.setdefault(done.name, done.stat().st_mtime_ns)
    assert kept or (killed / "manifest.json").exists()
    for done in killed.glob("unfinished/*.done"):
        assert done.stat().st_mtime_ns == kept[done.name]  # not made again
    prepared.prepare(corpus, WORDS, killed)
    assert contents(killed) == contents(tmp_path / "whole")


def _group_runs(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_it_is_found_again_and_the_sources_may_be_gone(tmp_path, corpus):
    prepared.prepare(corpus, WORDS, tmp_path / "store")
    before = contents(tmp_path / "store")
    prepared.prepare(corpus, WORDS, tmp_path / "store")
    free = dataclasses.replace(corpus, bad_rows="skip", workers=3)
    longer = dataclasses.replace(WORDS, max_length=1000, truncate="start")
    stores = prepared.prepare(free, longer, tmp_path / "store")
    assert stores.preprocessor.config == longer
    shutil.rmtree(corpus.train)
    stores = prepared.prepare(
        dataclasses.replace(corpus, store=str(tmp_path / "store")),
        stores.preprocessor,
        tmp_path / "elsewhere",
    )
    assert stores.splits["train"].num_documents > 2000
    assert contents(tmp_path / "store") == before
    assert not (tmp_path / "elsewhere").exists()


def test_what_has_changed_is_told(tmp_path, corpus, vocabulary):
    prepared.prepare(corpus, WORDS, tmp_path / "store")

    def told(config=corpus, source=WORDS):
        with pytest.raises(errors.UserError) as raised:
            prepared.prepare(config, source, tmp_path / "store")
        assert "\n" not in str(raised.value)
        assert f"delete {tmp_path / 'store'} to prepare it anew." in str(raised.value)
        return str(raised.value).partition(f"{tmp_path / 'store'} ")[2]

    other = dataclasses.replace(corpus, unicode="nfkc")
    assert told(other).startswith(
        "was prepared with data.unicode='nfc', not data.unicode='nfkc'. Give another"
    )
    other = dataclasses.replace(WORDS, vocab_size=61).fit([{"text": "line"}])
    assert "inputs.vocab_size=60, not inputs.vocab_size=61" in told(source=other)
    assert told(source=vocabulary).startswith("was prepared with another vocabulary. ")
    with (pathlib.Path(corpus.train) / "1.txt").open("a") as file:
        file.write("more\n")
    with pytest.raises(errors.UserError, match=r"texts has changed since .*store was"):
        prepared.prepare(corpus, WORDS, tmp_path / "store")


def test_an_unfinished_store_is_begun_anew_unless_a_shard_would_be_lost(
    tmp_path, corpus, monkeypatch
):
    def fails(job, encoder):
        raise _StopError

    with monkeypatch.context() as patch:
        patch.setattr(shards, "encode", fails)
        with pytest.raises(_StopError):
            prepared.prepare(corpus, WORDS, tmp_path / "store")
    other = dataclasses.replace(corpus, unicode="nfkc")
    encode = shards.encode

    def fails_late(job, encoder):
        if job.number == 2:
            raise _StopError
        return encode(job, encoder)

    with monkeypatch.context() as patch:
        patch.setattr(shards, "encode", fails_late)
        with pytest.raises(_StopError):
            prepared.prepare(other, WORDS, tmp_path / "store")
    with pytest.raises(errors.UserError, match="not data.unicode='nfc'"):
        prepared.prepare(corpus, WORDS, tmp_path / "store")
    prepared.prepare(other, WORDS, tmp_path / "store")


def test_another_process_is_refused(tmp_path, corpus):
    files.claim(tmp_path / "store", "")
    with (
        lock.RunLock(tmp_path / "store"),
        pytest.raises(errors.UserError, match="in use by process .* --data.store"),
    ):
        prepared.prepare(corpus, WORDS, tmp_path / "store")
    prepared.prepare(corpus, WORDS, tmp_path / "store")
    with lock.RunLock(tmp_path / "store"):  # what is finished can be opened
        prepared.prepare(corpus, WORDS, tmp_path / "store")


def test_a_folder_with_other_things_is_left_alone(tmp_path, corpus):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("")
    with pytest.raises(errors.UserError, match="mine is not empty and holds no prep"):
        prepared.prepare(corpus, WORDS, tmp_path / "mine")


def test_damage_is_found(tmp_path, corpus):
    store = prepared.prepare(corpus, WORDS, tmp_path / "store").splits["train"]
    store.verify()
    path = tmp_path / "store" / "train" / "tokens-00001.bin"
    body = bytearray(path.read_bytes())
    body[100] ^= 1
    path.write_bytes(body)
    store = prepared.prepare(corpus, WORDS, tmp_path / "store").splits["train"]
    with pytest.raises(errors.UserError, match="tokens-00001.bin is damaged"):
        store.verify()
    path.write_bytes(body[:-2])
    with pytest.raises(errors.UserError, match="tokens-00001.bin has [0-9,]+ bytes"):
        prepared.prepare(corpus, WORDS, tmp_path / "store")
    path.unlink()
    with pytest.raises(errors.UserError, match="tokens-00001.bin is missing"):
        prepared.prepare(corpus, WORDS, tmp_path / "store")


def test_the_vocabulary_is_of_train_only_and_of_a_bounded_sample(tmp_path):
    lines = [f"word{i} " * 5 for i in range(2000)]
    (tmp_path / "a.txt").write_text("\n".join(lines))
    config = inputs.Text(method="word", vocab_size=5000)
    seen = {}
    for limit in (10**8, 20_000):
        corpus = data.Corpus(
            train=str(tmp_path / "a.txt"),
            validation_fraction=0.3,
            vocabulary_characters=limit,
            workers=1,
        )
        stores = prepared.prepare(corpus, config, tmp_path / f"{limit}")
        validation = stores.splits["validation"]
        assert validation.num_documents > 400
        # no word of validation is in train: all are unknown
        assert set(validation.read(0, validation.num_tokens).tolist()) == {1}
        seen[limit] = stores.tokenizer.vocab_size - 2
    assert seen[10**8] == 2000 - validation.num_documents
    sample = 20_000 / sum(map(len, lines)) * 2000
    assert 0.6 * sample < seen[20_000] < 1.6 * sample


def test_a_process_that_fails_ends_the_preparation(tmp_path, capfd):
    jobs = [shards.Job(str(tmp_path), str(tmp_path), "train", 0, i) for i in range(3)]
    with pytest.raises(RuntimeError, match="ended with status 1"):
        list(shard_workers.run(jobs, 2))
    assert "must hold tokens.json" in capfd.readouterr().err


def test_the_manifest_says_what_is_in_the_store(tmp_path, corpus):
    prepared.prepare(corpus, WORDS, tmp_path / "store")
    manifest = json.loads((tmp_path / "store" / "manifest.json").read_text())
    assert manifest["sources"]["train"]["counts"] == {
        "rows": 3000, "lines": 3000, "documents": 3000, "control": 3000,
        "duplicates": 273,
    }  # fmt: skip
    splits = manifest["splits"].values()
    assert sum(split["documents"] for split in splits) == 3000 - 273
    for name, split in manifest["splits"].items():
        for entry in split["shards"]:
            for file, checksum in entry["sha256"].items():
                body = (tmp_path / "store" / name / file).read_bytes()
                assert hashlib.sha256(body).hexdigest() == checksum
