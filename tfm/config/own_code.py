"""A user's own code: the file of an experiment, and the modules beside it.

It is imported under a name of its own, tfm_own.DIGEST.MODULE, so that two runs with
different layers.py live in one process. An import in it finds what is installed first,
then the files of its own folder.
"""

import ast
import builtins
import dataclasses
import hashlib
import importlib
import importlib.machinery
import pathlib
import sys
import types
from collections.abc import Iterator
from collections.abc import Mapping

from tfm import errors

PACKAGE = "tfm_own"


@dataclasses.dataclass(frozen=True)
class OwnCode:
    """Files of one folder as importable modules.

    Attributes:
      folder: where they lie.
      main: the stem of the experiment's file.
      files: {path below the folder: content} of that file and those that it imports.
      kept: whether the folder is a run's: then its files come before what is installed.
    """

    folder: pathlib.Path
    main: str
    files: Mapping[str, bytes]
    kept: bool = False

    @classmethod
    def of(cls, path: pathlib.Path) -> "OwnCode":
        """The code of an experiment's file.

        Raises:
          UserError: a file that is not Python; the message names it.
        """
        path = path.resolve()
        files = {
            str(found.relative_to(path.parent)): found.read_bytes()
            for found in _reached(path)
        }
        return cls(path.parent, path.stem, files)

    @property
    def digest(self) -> str:
        """A hash of all files."""
        found = hashlib.sha256(self.main.encode())
        for name, content in sorted(self.files.items()):
            found.update(f"\n{name} {len(content)}\n".encode() + content)
        return found.hexdigest()

    @property
    def package(self) -> str:
        """The name under which the modules are imported."""
        return f"{PACKAGE}.{self.digest[:16]}"

    def module(self, name: str = "") -> types.ModuleType:
        """One of the modules, that of the experiment by default.

        Raises:
          UserError: a file that is not Python; the message names it.
        """
        _Finder.install()
        for package, path in ((PACKAGE, []), (self.package, [str(self.folder)])):
            found = sys.modules.setdefault(package, types.ModuleType(package))
            found.__path__ = path  # the same code may have come to lie elsewhere
        _Finder.codes[self.package] = self
        try:
            return importlib.import_module(f"{self.package}.{name or self.main}")
        except SyntaxError as error:
            raise _no_python(error.filename, error) from None

    def owns(self, top: str) -> bool:
        """Whether an import of a top-level name is of this folder's files."""
        if self.kept or not _is_module(self.folder / top):
            return _is_module(self.folder / top)
        installed = _installed(top, self.folder)
        if installed:
            print(
                f"warning: {self.folder / top}.py is hidden by the installed module "
                f"{top} ({installed}). Give it another name.",
                file=sys.stderr,
            )
        return not installed


def loaded(package: str) -> OwnCode | None:
    """The code that was imported under the name tfm_own.DIGEST."""
    return _Finder.codes.get(package)


class _Finder:
    """Finds the modules below tfm_own; on sys.meta_path."""

    codes: dict[str, OwnCode] = {}  # noqa: RUF012

    @classmethod
    def install(cls) -> None:
        if cls not in sys.meta_path:
            sys.meta_path.insert(0, cls)

    @classmethod
    def find_spec(cls, name: str, path=None, target=None):
        code = cls.codes.get(".".join(name.split(".")[:2]))
        if code is None or name == code.package:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.origin and spec.origin.endswith(".py"):
            spec.loader = _Loader(name, spec.origin, code.package)
        return spec


class _Loader(importlib.machinery.SourceFileLoader):
    """Runs a file with an `import` that knows its folder, and writes no bytecode."""

    def __init__(self, name: str, path: str, package: str):
        super().__init__(name, path)
        self._package = package

    def exec_module(self, module) -> None:
        module.__dict__["__builtins__"] = vars(builtins) | {"__import__": self._import}
        super().exec_module(module)

    def set_data(self, path, data, *, _mode=0o666) -> None:
        """Writes nothing: the folder may be a run's."""

    def _import(self, name, globals_=None, locals_=None, fromlist=(), level=0):
        code = _Finder.codes[self._package]
        if level == 0 and code.owns(top := name.partition(".")[0]):
            full = f"{self._package}.{name}"
            found = builtins.__import__(full, globals_, locals_, fromlist or ("x",), 0)
            return found if fromlist else sys.modules[f"{self._package}.{top}"]
        return builtins.__import__(name, globals_, locals_, fromlist, level)


def _reached(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """The file and all files of its folder that it, or they, import."""
    folder, waiting, seen = path.parent, [path], set()
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        yield file
        for name in _imports(file, folder):
            parts = name.split(".")
            if not _is_module(folder / parts[0]) or _installed(parts[0], folder):
                continue
            for length in range(1, len(parts) + 1):
                place = folder.joinpath(*parts[:length])
                found = (place.with_suffix(".py"), place / "__init__.py")
                waiting += [f for f in found if f.is_file()]


def _imports(file: pathlib.Path, folder: pathlib.Path) -> Iterator[str]:
    """Dotted names that a file imports, those within its folder from there."""
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except (SyntaxError, ValueError) as error:
        raise _no_python(file, error) from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = file.parents[node.level - 1] if node.level else folder
            if not above.is_relative_to(folder):
                continue
            base = [*above.relative_to(folder).parts, *filter(None, [node.module])]
            yield from (".".join([*base, alias.name]) for alias in node.names)


def _is_module(place: pathlib.Path) -> bool:
    if place.with_name(place.name + ".py").is_file():
        return True
    return place.is_dir() and any(place.rglob("*.py"))


def _installed(top: str, folder: pathlib.Path) -> str:
    """The place of an installed module; empty where there is none."""
    if top in sys.stdlib_module_names:
        return "Python's own"
    elsewhere = [p for p in sys.path if pathlib.Path(p or ".").resolve() != folder]
    spec = importlib.machinery.PathFinder.find_spec(top, elsewhere)
    if spec is None or spec.origin is None:  # a mere folder is no module
        return ""
    return spec.origin


def _no_python(file, error: Exception) -> errors.UserError:
    line = getattr(error, "lineno", None)
    where = f"{file}:{line}" if line else str(file)
    return errors.UserError(f"{where}: {getattr(error, 'msg', error)}.")
