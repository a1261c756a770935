"""Names of the scores of texts that are written, and the packages that they need."""

import importlib.util
import typing
from collections.abc import Sequence

from tfm import errors

Score = typing.Literal[
    "bleu", "chrf", "exact", "word_error", "phoneme_error", "character_error"
]
SCORES = typing.get_args(Score)
ERRORS = ("word_error", "phoneme_error", "character_error")
_PACKAGES = {
    "bleu": "sacrebleu",
    "chrf": "sacrebleu",
    "phoneme_error": "jiwer",
    "character_error": "jiwer",
}


def check_installed(scores: Sequence[str]) -> None:
    """Raises UserError where a score's package is not installed."""
    for name in scores:
        package = _PACKAGES.get(name)
        if package and importlib.util.find_spec(package) is None:
            raise errors.UserError(
                f"The score {name} is {package}'s: pip install {package}, or leave it "
                "out of --task.scores."
            )
