"""Makes each notebook of the script beside it, by jupytext.

python experiments/notebooks/convert.py

All then link to REPOSITORY.
"""

import pathlib
import re
import urllib.parse

REPOSITORY = "https://github.com/OWNER/tfm"  # a placeholder until tfm is published

HERE = pathlib.Path(__file__).parent
NAMES = (
    "own_data",
    "text_cls",
    "pretrain_and_finetune",
    "generate",
    "translate",
    "images",
    "compare",
)
_ADDRESS = r"github(\.com)?/[\w.-]+/[\w.-]+"  # Colab's links have github/OWNER/NAME


def script(name: str) -> str:
    """The script in the percent format, with links to REPOSITORY."""
    place = urllib.parse.urlsplit(REPOSITORY).path
    text = (HERE / f"{name}.py").read_text(encoding="utf-8")
    return re.sub(_ADDRESS, rf"github\1{place}", text)


def notebook(name: str) -> str:
    """The notebook that jupytext makes of the script, without outputs."""
    import jupytext

    made = jupytext.reads(script(name), fmt="py:percent")
    for number, cell in enumerate(made.cells):
        cell.id = f"cell-{number}"  # jupytext draws them at random
    return jupytext.writes(made, fmt="ipynb")


def main() -> None:
    for name in NAMES:
        text, made = script(name), notebook(name)
        (HERE / f"{name}.py").write_text(text, encoding="utf-8")
        (HERE / f"{name}.ipynb").write_text(made, encoding="utf-8")


if __name__ == "__main__":
    main()
