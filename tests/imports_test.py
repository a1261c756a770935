"""Who may import whom: the rule of the house, read from the source."""

import ast
import graphlib
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]

GROUND = {
    "errors",
    "console",
    "validation",
    "files",
    "packages",
    "lock",
    "figures",
    "unspaced",
    "displays",
    "progress",
}
COMMANDS = [
    "train",
    "evaluate",
    "predict",
    "generate",
    "report",
    "inspect",
    "prepare",
    "merge",
    "export",
    "selfcheck",
    "launch",
]
BELOW_RUN = {
    *GROUND,
    "interfaces",
    "auto",
    "config",
    "data",
    "inputs",
    "models",
    "tasks",
    "generation",
    "exporting",
    "training",
    "checkpoints",
    "distribution",
    "adaptation",
    "callbacks",
    "experiment",
    "experiments",
}

# file or package of tfm -> what it may import of tfm, and of other libraries
RULES = {
    "__init__": (set(), set()),
    "__main__": ({"errors", "console"}, set()),
    "errors": (set(), set()),
    "console": ({"errors"}, set()),
    "validation": ({"errors"}, set()),
    "files": ({"errors"}, set()),
    "packages": ({"errors"}, set()),
    "lock": ({"errors"}, set()),
    "figures": (set(), {"numpy"}),
    "displays": ({"console"}, {"rich", "IPython"}),
    "progress": ({"console", "displays"}, set()),
    "drawing": ({"console", "figures"}, {"numpy", "matplotlib"}),
    "unspaced": (set(), set()),
    "interfaces": ({"figures", "optional_interfaces"}, {"numpy", "keras"}),
    "optional_interfaces": (set(), {"keras"}),
    "experiments": (set(), set()),
    "experiment": ({"errors", "interfaces", "adaptation", "training"}, set()),
    "config": (
        {"errors", "console", "validation", "experiment", "experiments", "config"},
        {"absl"},
    ),
    "layers": ({"layers"}, {"keras"}),
    "models": (
        {"errors", "validation", "interfaces", "layers", "models", "inputs"},
        {"keras", "keras_nlp"},
    ),
    "inputs": (
        # keras_nlp brings TensorFlow, which is to start quietly
        {*GROUND, "interfaces", "inputs", "distribution", "layers"},
        {"numpy", "scipy", "sklearn", "tokenizers", "sentencepiece", "huggingface_hub"}
        | {"keras", "keras_nlp", "tensorflow", "PIL"},
    ),
    "data": (
        {*GROUND, "interfaces", "data", "inputs"},
        {
            "numpy",
            "PIL",
            "pyarrow",
            "tensorflow",
            "tensorflow_datasets",
            "apache_beam",
            "charset_normalizer",
            "fsspec",
            "google",
            "python_calamine",
        },
    ),
    "tasks": (
        {"errors", "validation", "interfaces", "layers", "models", "generation"}
        | {"tasks", "data", "figures", "unspaced"},
        {"keras", "numpy", "scipy", "sklearn", "tensorflow", "sacrebleu", "jiwer"},
    ),
    "checkpoints": (
        {"errors", "files", "checkpoints"},
        {"tensorflow", "keras", "numpy"},
    ),
    "distribution": (
        {"errors", "validation", "console", "progress", "distribution"},
        {"tensorflow", "keras", "kubernetes"},
    ),
    "adaptation": (
        {*GROUND, "checkpoints", "adaptation"},
        {"tensorflow", "keras", "numpy"},
    ),
    "callbacks": (
        {"errors", "console", "files", "figures", "drawing", "interfaces"}
        | {"callbacks", "progress"},
        {"tensorflow", "keras", "numpy", "rich", "google", "psutil", "tensorboard"}
        | {"mlflow", "wandb"},
    ),
    "training": (
        {"errors", "validation", "interfaces", "training"}
        | {"checkpoints", "distribution", "adaptation"},
        {"tensorflow", "keras", "numpy"},
    ),
    "auto": (
        {*GROUND, "data", "inputs", "models", "tasks", "training", "experiment"}
        | {"auto"},
        set(),
    ),
    "exporting": (
        {"errors", "files", "interfaces", "generation", "exporting"},
        {"tensorflow"},
    ),
    "generation": (
        {"errors", "validation", "interfaces", "generation"},
        {"keras", "keras_nlp", "numpy", "tensorflow"},
    ),
    "run": (
        {*BELOW_RUN, "run"},
        {"tensorflow", "keras", "numpy", "pyarrow", "sklearn"},
    ),
    "reporting": (
        {*BELOW_RUN, "drawing", "run", "reporting"},
        {"numpy", "jinja2", "markupsafe"},
    ),
    "preflight": (
        {*BELOW_RUN, "run", "preflight"},
        {"numpy", "tensorflow"},
    ),
    "inspection": (
        {*GROUND, "interfaces", "data", "inputs", "inspection"},
        {"numpy", "tensorflow"},
    ),
    "api": ({*BELOW_RUN, "run"}, {"keras", "numpy", "tensorflow"}),
    **{
        name: (
            {*BELOW_RUN, "run", "reporting", "preflight", "inspection"},
            {"absl", "tensorflow", "numpy"},
        )
        for name in COMMANDS
    },
}
SHIPPED = {"data", "models", "tasks", "inputs", "training", "adaptation"}
SHIPPED |= {"experiment", "experiments"}
LIBRARY = sorted(ROOT.glob("tfm/**/*.py")) + sorted(ROOT.glob("experiments/*.py"))


def _imported(path: pathlib.Path):
    """The dotted names that a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: absolute imports only"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", LIBRARY, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_imports_only_what_it_may(path):
    top, *inner = path.relative_to(ROOT).with_suffix("").parts
    ours, theirs = RULES[inner[0]] if top == "tfm" else (SHIPPED, set())
    for name in _imported(path):
        if name == "tfm":  # for its version
            continue
        parts = name.split(".")
        if parts[0] == "tfm":
            assert parts[1] in ours, f"{path} imports {name}"
        elif parts[0] not in sys.stdlib_module_names:
            assert parts[0] in theirs, f"{path} imports {name}"


def _modules() -> dict[str, pathlib.Path]:
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(
            ".__init__"
        ): path
        for path in sorted(ROOT.glob("tfm/**/*.py"))
    }


def test_no_modules_import_each_other_in_a_circle():
    """Imports within functions, and for annotations, count as well."""
    modules = _modules()
    sorter = graphlib.TopologicalSorter()
    for name, path in modules.items():
        for wanted in _imported(path):
            found = wanted if wanted in modules else wanted.rpartition(".")[0]
            if found in modules and found != name:
                sorter.add(name, found)
    try:
        sorter.prepare()
    except graphlib.CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize(
    ("use", "heavy"),
    [
        ("from tfm import models; models.Transformer()", "keras tensorflow numpy"),
        (
            "from tfm import inputs; inputs.Text()",
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
    names.remove("auto")  # also a value of other fields; and train gives way to it
    for path in ROOT.glob("tfm/**/*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        words = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)}
        words |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
        assert not names & {w for w in words if isinstance(w, str)}, path
