"""The experiments that tfm ships, as `tfm.experiments.NAME`.

In a checkout they lie beside this package, in a wheel within it; either way
`from tfm.experiments import text_cls` finds them.
"""

import pathlib

_HERE = pathlib.Path(__file__)
FOLDER = next(
    folder
    for folder in (_HERE.with_suffix(""), _HERE.parents[1] / "experiments")
    if folder.is_dir()
)
__path__ = [str(FOLDER)]  # a module with a __path__ is a package
