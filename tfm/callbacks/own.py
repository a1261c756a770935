"""Callbacks of a user's own: plain objects with any of a callback's methods."""

from tfm import errors

METHODS = ("progress", "logged", "evaluating", "evaluated", "warned")


class Own:
    """A callback made of a plain object: what it lacks is left out.

    Args:
      callback: with one of METHODS at least; see training.loop.Callback. One that is a
        context manager is entered.

    Raises:
      UserError: it has none of them.
    """

    def __init__(self, callback: object):
        if not any(callable(getattr(callback, name, None)) for name in METHODS):
            raise errors.UserError(
                f"A callback has one of the methods {', '.join(METHODS)}. "
                f"Got {type(callback).__name__} with none of them."
            )
        self._callback = callback

    def __getattr__(self, name: str):
        return getattr(self._callback, name, _nothing)

    def __enter__(self):
        getattr(self._callback, "__enter__", _nothing)()
        return self

    def __exit__(self, *error):
        getattr(self._callback, "__exit__", _nothing)(*error)


def _nothing(*_, **__) -> None: ...
