"""Callbacks of a user's own: plain objects with any of a callback's methods."""

import pathlib
from collections.abc import Mapping

from tfm import errors

METHODS = (
    "begun",
    "progress",
    "logged",
    "evaluating",
    "evaluated",
    "warned",
    "finished",
)


class Own:
    """A callback made of a plain object: what it lacks is left out.

    Args:
      callback: with one of METHODS at least; see training.loop.Callback. One that is a
        context manager is entered. Its begun(folder, settings) is called before
        training, with the run's folder and the experiment's fields by path; what it
        returns, if anything, takes its place. Its check() is called before the data
        is read, to raise a UserError; its finished(scores) when all is over, with
        metrics of the best checkpoint by split, and the reference's.

    Raises:
      UserError: it has none of them, or its check fails.
    """

    def __init__(self, callback: object):
        if not any(callable(getattr(callback, name, None)) for name in METHODS):
            raise errors.UserError(
                f"A callback has one of the methods {', '.join(METHODS)}. "
                f"Got {type(callback).__name__} with none of them."
            )
        self._callback = callback
        getattr(callback, "check", _nothing)()

    def __getattr__(self, name: str):
        return getattr(self._callback, name, _nothing)

    def begun(self, folder: pathlib.Path, settings: Mapping[str, object]) -> None:
        """Tells the callback where the run is, and what its settings are."""
        begin = getattr(self._callback, "begun", _nothing)
        self._callback = begin(folder, settings) or self._callback

    def __enter__(self):
        getattr(self._callback, "__enter__", _nothing)()
        return self

    def __exit__(self, *error):
        getattr(self._callback, "__exit__", _nothing)(*error)


def _nothing(*_, **__) -> None: ...
