"""One door to all commands: python -m tfm COMMAND, or tfm COMMAND where installed."""

import ast
import difflib
import pathlib
import runpy
import sys

from tfm import console
from tfm import errors

COMMANDS = (
    "train",
    "evaluate",
    "predict",
    "generate",
    "report",
    "inspect",
    "prepare",
    "merge",
    "export",
    "launch",
    "selfcheck",
)


def main() -> int:
    """Runs a command, or lists them all."""
    console.begin()
    with console.written():
        return _run()


def _run() -> int:
    name, *rest = sys.argv[1:] or ["--help"]
    if name in ("--help", "-h", "help"):
        print(listed())
        return 0
    if name == "--version":
        import tfm

        print(f"tfm {tfm.__version__}")
        return 0
    if name not in COMMANDS:
        close = difflib.get_close_matches(name, COMMANDS, n=1)
        near = f" (did you mean {close[0]}?)" if close else ""
        console.say_error(
            f"There is no command {name}{near}. tfm --help lists them all."
        )
        return errors.USER_MISTAKE
    sys.argv = [f"tfm {name}", *rest]
    runpy.run_module(f"tfm.{name}", run_name="__main__", alter_sys=True)
    return 0


def listed() -> str:
    """The commands with a line each, read without running their files."""
    lines = [
        "tfm COMMAND [--FLAG=VALUE ...]; tfm COMMAND --help tells of its flags",
        "",
    ]
    for name in COMMANDS:
        text = pathlib.Path(__file__).with_name(f"{name}.py").read_text("utf-8")
        first = (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
        what, _, _ = first.partition(": python -m")
        lines.append(f"  {name:10} {what}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
