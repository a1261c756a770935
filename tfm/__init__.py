"""tfm trains foundation models on TensorFlow and Keras 3.

tfm.fit(experiment, run_dir) trains, tfm.load(run_dir) loads a trained run, and
tfm.load_experiment(name) an experiment; see tfm.api.
"""

import importlib

__version__ = "0.1.0"
__all__ = ["fit", "load", "load_experiment"]


def __getattr__(name: str):
    if name in __all__:  # imported where they are used: help is to be quick
        return getattr(importlib.import_module("tfm.api"), name)
    raise AttributeError(f"module 'tfm' has no attribute {name!r}")
