"""Versions and the commit of a checkout; neither is needed."""

import subprocess

import keras

from tfm.run import provenance


def _git(folder, *arguments):
    named = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", *named, *arguments], cwd=folder, check=True, text=True)


def test_versions_and_the_commit_with_its_changes(tmp_path):
    _git(tmp_path, "init", "-q")
    (tmp_path / "a.txt").write_text("one")
    _git(tmp_path, "add", "a.txt")
    _git(tmp_path, "commit", "-qm", "first")
    found = provenance.of(tmp_path)
    assert found["keras"] == keras.__version__
    assert len(found["commit"]) == 40
    (tmp_path / "b.txt").write_text("not of the checkout")
    assert provenance.of(tmp_path)["commit"] == found["commit"]
    (tmp_path / "a.txt").write_text("two")
    assert provenance.of(tmp_path)["commit"] == f"{found['commit']} and changes"


def test_without_a_checkout_or_git_there_is_no_commit(tmp_path, monkeypatch):
    assert "commit" not in provenance.of(tmp_path)
    monkeypatch.setenv("PATH", "")
    assert "python" in provenance.of() and "commit" not in provenance.of()
