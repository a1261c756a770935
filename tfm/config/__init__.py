"""Experiments, command-line flags and saved configurations."""

from tfm.config.flags import run
from tfm.config.loading import load_experiment
from tfm.config.loading import shipped_and_own
from tfm.config.saved import from_json
from tfm.config.saved import to_json

__all__ = ["from_json", "load_experiment", "run", "shipped_and_own", "to_json"]
