"""Who may import whom: the rule of the house, read from the source."""

import ast
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]

# package -> what it may import of tfm, and of other libraries
RULES = {
    "config": ({"errors", "experiments", "experiment", "config"}, {"absl"}),
    "layers": ({"layers"}, {"keras"}),
    "models": (
        {"errors", "ranges", "layers", "models", "tokens"},
        {"keras", "keras_nlp"},
    ),
    "tokens": (
        {"errors", "quiet_start", "ranges", "tokens"},  # keras_nlp brings TensorFlow
        {"numpy", "tokenizers", "sentencepiece", "keras", "keras_nlp"},
    ),
    "data": (
        {"errors", "ranges", "data", "tokens", "lock"},
        {
            "numpy",
            "pyarrow",
            "tensorflow",
            "tensorflow_datasets",
            "keras_nlp",
            "apache_beam",
        },
    ),
    "tasks": ({"errors", "ranges", "layers", "tasks"}, {"keras", "numpy", "sklearn"}),
    "training": (
        {"errors", "ranges", "training"},
        {
            "tensorflow",
            "keras",
            "numpy",
            "rich",
            "matplotlib",
            "sklearn",
            "kubernetes",
        },
    ),
    "generation": (
        {"errors", "ranges", "generation"},
        {"keras", "keras_nlp", "numpy", "tensorflow"},
    ),
    "experiment": ({"errors", "data", "models", "tasks", "tokens", "training"}, set()),
    "experiments": ({"data", "models", "tasks", "tokens", "training"}, set()),
}
LIBRARY_ONLY = sorted(ROOT.glob("tfm/*/**/*.py")) + sorted(
    ROOT.glob("experiments/*.py")
)


def _imported(path: pathlib.Path):
    """The dotted names that a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: absolute imports only"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", LIBRARY_ONLY, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_package_imports_only_what_it_may(path):
    package = path.relative_to(ROOT).parts
    package = package[1] if package[0] == "tfm" else package[0]
    ours, theirs = RULES[package]
    for name in _imported(path):
        parts = name.split(".")
        if parts[0] == "tfm":
            shared = package == "experiments" and parts[1] in ("experiment", package)
            assert shared or parts[1] in ours, f"{path} imports {name}"
        elif parts[0] not in sys.stdlib_module_names:
            assert parts[0] in theirs, f"{path} imports {name}"


@pytest.mark.parametrize(
    ("use", "heavy"),
    [
        ("from tfm import models; models.Transformer()", "keras tensorflow numpy"),
        (
            "from tfm import tokens; tokens.Tokens()",
            "tokenizers sentencepiece tensorflow",
        ),
    ],
)
def test_a_config_imports_no_library(use, heavy):
    code = f"import sys; {use}; print(set({heavy.split()}) & set(sys.modules))"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert out.stdout == "set()\n"


def test_nothing_in_tfm_names_an_experiment():
    names = {path.stem for path in (ROOT / "experiments").glob("*.py")}
    for path in ROOT.glob("tfm/**/*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        words = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)}
        words |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
        assert not names & {w for w in words if isinstance(w, str)}, path
