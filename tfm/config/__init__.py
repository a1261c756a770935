"""Experiments, command-line flags and saved configurations."""

from tfm.config.flags import run
from tfm.config.loading import load_experiment
from tfm.config.loading import own_code_of
from tfm.config.loading import shipped_and_own
from tfm.config.saved import code_of
from tfm.config.saved import foreign_classes
from tfm.config.saved import from_json
from tfm.config.saved import only_here
from tfm.config.saved import to_json

__all__ = [
    "code_of",
    "foreign_classes",
    "from_json",
    "load_experiment",
    "only_here",
    "own_code_of",
    "run",
    "shipped_and_own",
    "to_json",
]
