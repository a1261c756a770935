"""Scores of written texts: worked by hand, and those of sacrebleu and jiwer."""

import jiwer
import pytest
import sacrebleu

from tfm import errors
from tfm import tasks
from tfm.tasks.sequences import names
from tfm.tasks.sequences import scores

WRITTEN = ["the cat sat on the mat", "", "a good  film"]
REFERENCES = [["the cat sat on a mat"], ["nothing"], ["a fine film", "a good film"]]


def test_error_rates_worked_by_hand():
    found = scores.of(names.SCORES, WRITTEN, REFERENCES)
    assert found["exact"] == pytest.approx(1 / 3)  # any reference is right
    assert found["word_error"] == pytest.approx(2 / 3)
    # 1 of 6 parts changed, 1 of 1 lost, 0 of 3
    assert found["phoneme_error"] == pytest.approx(2 / 10)
    # "the" for "a" is 3 edits of 20 characters, 7 of 7 lost, 0 of 11
    assert found["character_error"] == pytest.approx(10 / 38)


def test_one_reference_is_as_the_libraries_have_it():
    written = ["ein guter film", "das ist gut so", "nein"]
    references = ["ein sehr guter film", "das ist so gut", "ja"]
    found = scores.of(names.SCORES, written, [[text] for text in references])
    assert found["bleu"] == sacrebleu.corpus_bleu(written, [references]).score
    assert found["chrf"] == sacrebleu.corpus_chrf(written, [references]).score
    assert found["phoneme_error"] == pytest.approx(jiwer.wer(references, written))
    assert found["character_error"] == pytest.approx(jiwer.cer(references, written))


def test_more_references_only_help():
    one = scores.of(("bleu", "chrf"), ["a good film"], [["a fine film"]])
    two = scores.of(("bleu", "chrf"), ["a good film"], [["a fine film", "a good film"]])
    assert two["chrf"] > one["chrf"]
    assert two["chrf"] == pytest.approx(100)


def test_a_package_that_is_missing_is_told(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(errors.UserError, match="pip install jiwer"):
        names.check_installed(("exact", "phoneme_error"))
    names.check_installed(("exact", "word_error"))


def test_directions():
    task = tasks.Translation(scores=("bleu", "word_error"))
    assert task.direction("bleu") == "max"
    assert task.direction("word_error") == task.direction("loss") == "min"
    assert task.direction("chrf") is None  # it is not measured
    with pytest.raises(errors.UserError, match="scores must be of bleu"):
        tasks.Translation(scores=("rouge",))
