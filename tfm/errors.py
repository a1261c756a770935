"""The error for what a user can put right: a flag, a path, a file's content."""


class UserError(ValueError):
    """A user's mistake. Its message is one line: the rule, then the value.

    The entry points print it without a traceback and exit with status 2;
    in a notebook it is an ordinary ValueError.
    """
