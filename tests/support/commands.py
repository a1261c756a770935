"""Commands in this process, as they are typed."""

import sys

import pytest

from tfm import config
from tfm import train as command


def train(*flags: str) -> int:
    """The exit status of `python -m tfm.train` with these flags."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["train", *flags])
        with pytest.raises(SystemExit) as ended:
            config.run(command.main, command.Options, command.base_experiment)
    return ended.value.code or 0
