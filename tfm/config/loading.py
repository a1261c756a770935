"""From an experiment's name, or the path of its file, to the Experiment."""

import ast
import importlib
import pathlib

from tfm import errors
from tfm import experiments
from tfm.config import fields
from tfm.config import own_code

OWN_FOLDER = pathlib.Path("experiments")  # in the folder where the user stands


def shipped_and_own() -> dict[str, pathlib.Path]:
    """Every experiment by name; a file in ./experiments hides a shipped one."""
    found = {}
    for folder in (experiments.FOLDER, OWN_FOLDER):
        for path in sorted(folder.glob("*.py")):  # an editor's lock is no file
            if path.is_file() and not path.name.startswith((".", "_", "#")):
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
    """The module in an experiment's file; see own_code for a user's own."""
    if is_shipped(path):
        return importlib.import_module(f"tfm.experiments.{path.stem}")
    return own_code.OwnCode.of(path).module()


def own_code_of(name: str) -> own_code.OwnCode | None:
    """The user's own code that an experiment's name or path stands for, if any."""
    if not name.endswith(".py") and name not in shipped_and_own():
        return None
    path = find(name)
    return None if is_shipped(path) else own_code.OwnCode.of(path)


def is_shipped(path: pathlib.Path) -> bool:
    """Whether a file is one of tfm's own experiments, which define no classes."""
    if path.resolve().parent != experiments.FOLDER.resolve():
        return False
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return False
    return not any(isinstance(node, ast.ClassDef) for node in tree.body)


def first_line(path: pathlib.Path) -> str:
    """The first line of a file's docstring, read without running the file."""
    try:
        text = ast.get_docstring(ast.parse(path.read_bytes()))
    except SyntaxError as error:
        return f"(line {error.lineno}: {error.msg})"
    except (OSError, ValueError) as error:
        return f"({error})"
    return (text or "").partition("\n")[0]
