"""The error for what a user can put right, and how a command ends early."""

USER_MISTAKE = 2  # exit statuses; this one after a UserError
PREEMPTED = 42  # all is saved because of SIGTERM or SIGHUP: start it again
PEER_LOST = 75  # another process of the job has gone: start all of them again
INTERRUPTED = 130  # by Ctrl-C, as a shell says it
UNREAD = 141  # a training whose output nobody reads any more (SIGPIPE)


class UserError(ValueError):
    """A user's mistake. Its message is one line: the rule, then the value.

    The entry points print it without a traceback and exit with status 2;
    in a notebook it is an ordinary ValueError.
    """


class RowError(UserError):
    """A user's mistake in one row, without which the others can be worked on."""
