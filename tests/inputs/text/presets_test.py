"""Places of presets, and single files of them."""

import pathlib

import huggingface_hub
import pytest
from huggingface_hub import errors as hub_errors

from tfm import errors
from tfm.inputs.text import presets


def test_files_of_a_folder(tmp_path):
    (tmp_path / "vocab.txt").write_text("a\n")
    assert presets.file(str(tmp_path), "vocab.txt") == tmp_path / "vocab.txt"
    assert presets.file(str(tmp_path), "vocab.json") is None
    assert presets.file("bert_tiny_en_uncased", "vocab.txt") is None


def test_files_of_the_hugging_face_hub(monkeypatch, tmp_path):
    def download(repository: str, name: str) -> str:
        assert repository == "someone/model"
        if name == "vocab.txt":
            return str(tmp_path / name)
        if name == "vocab.json":
            raise hub_errors.EntryNotFoundError("404")
        raise OSError("no route\nto host")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    preset = "hf://someone/model"
    assert presets.file(preset, "vocab.txt") == pathlib.Path(tmp_path / "vocab.txt")
    assert presets.file(preset, "vocab.json") is None
    with pytest.raises(errors.UserError) as error:
        presets.file(preset, "merges.txt")
    assert str(error.value) == (
        "merges.txt of the preset 'hf://someone/model' cannot be fetched: no route"
    )
