"""Reference pages made of the code: every flag of every command, every experiment."""

import ast
import importlib
import pathlib

import mkdocs_gen_files

from tfm import __main__ as door
from tfm import config
from tfm.config import fields

ROOT = pathlib.Path(__file__).parents[2]


def commands() -> str:
    """A section for each command, with its flags."""
    parts = ["# Commands and their flags", ""]
    for name in door.COMMANDS:
        module = importlib.import_module(f"tfm.{name}")
        first = ast.get_docstring(ast.parse(pathlib.Path(module.__file__).read_text()))
        parts += [f"## {name}", "", first.partition(": python -m")[0] + ".", ""]
        options = getattr(module, "Options", None)
        if options is None:
            parts += ["```", module.__doc__.strip(), "```", ""]
            continue
        usage, _, about = options.__doc__.partition("\n")
        parts += [f"`{usage.strip()}`", "", _text(about), ""]
        parts += _table(fields.leaves(options()))
    return "\n".join(parts)


def experiments() -> str:
    """A section for each experiment that is shipped, with its fields."""
    parts = ["# Experiments and their fields", ""]
    parts += ["Each field is a flag of `python -m tfm.train --experiment=NAME`.", ""]
    for path in sorted((ROOT / "experiments").glob("*.py")):
        about = ast.get_docstring(ast.parse(path.read_text())) or ""
        first = about.partition("\n")[0]
        parts += [f"## {path.stem}", "", _text(first), "", "```python"]
        parts += [f'--8<-- "experiments/{path.name}"', "```", ""]
        table = _table(fields.leaves(config.load_experiment(path.stem)))
        parts += ['??? note "All fields"', "", *(f"    {line}" for line in table), ""]
    return "\n".join(parts)


def _table(leaves) -> list[str]:
    rows = ["| flag | default | meaning |", "|---|---|---|"]
    for leaf in leaves:
        default = _cell(fields.show(leaf.value))
        shown = f"`{default}`" if default else ""
        rows.append(f"| `--{leaf.path}` | {shown} | {_text(_cell(leaf.help))} |")
    return [*rows, ""]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _text(text: str) -> str:
    """A paragraph: <extra_id_0> is no tag."""
    return " ".join(text.split()).replace("<", "&lt;")


for page, made in (("commands", commands), ("experiments", experiments)):
    with mkdocs_gen_files.open(f"reference/{page}.md", "w") as file:
        file.write(made())
