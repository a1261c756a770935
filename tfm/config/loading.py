"""From an experiment's name, or the path of its file, to the Experiment."""

import ast
import importlib.util
import pathlib
import sys

from tfm import errors
from tfm import experiments
from tfm.config import fields

OWN_FOLDER = pathlib.Path("experiments")  # in the folder where the user stands


def shipped_and_own() -> dict[str, pathlib.Path]:
    """Every experiment by name; a file in ./experiments hides a shipped one."""
    found = {}
    for folder in (experiments.FOLDER, OWN_FOLDER):
        for path in sorted(folder.glob("*.py")):
            if not path.stem.startswith("_"):
                found[path.stem] = path
    return found


def find(name: str) -> pathlib.Path:
    """The file of the experiment `name`, which may itself be a path to it."""
    if name.endswith(".py"):
        path = pathlib.Path(name)
        if not path.is_file():
            raise errors.UserError(f"There is no experiment file {name}.")
        return path
    known = shipped_and_own()
    if name not in known:
        raise errors.UserError(
            f"There is no experiment {name!r}{fields.nearest(name, known)}. "
            "--list shows them all."
        )
    return known[name]


def load_experiment(name: str):
    """The Experiment that `experiment()` in the named file returns."""
    path = find(name)
    module = load_module(path)
    if not callable(getattr(module, "experiment", None)):
        raise errors.UserError(
            f"{path} must define a function experiment() that returns an Experiment."
        )
    made = module.experiment()
    from tfm import experiment

    if not isinstance(made, experiment.Experiment):
        raise errors.UserError(
            f"experiment() in {path} must return a tfm.experiment.Experiment. "
            f"Got {type(made).__name__}."
        )
    return made


def load_module(path: pathlib.Path):
    """The module in the file `path`; its folder's other files are importable."""
    path = path.resolve()
    if path.parent == experiments.FOLDER.resolve():
        return importlib.import_module(f"tfm.experiments.{path.stem}")
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    name = f"tfm_own_experiment_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise errors.UserError(f"{path}:{error.lineno}: {error.msg}.") from None
    return module


def first_line(path: pathlib.Path) -> str:
    """The first line of a file's docstring, read without running the file."""
    try:
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    except SyntaxError as error:
        return f"(line {error.lineno}: {error.msg})"
    return (text or "").partition("\n")[0]
