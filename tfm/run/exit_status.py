"""Exit status of a command that trains and cannot go on, and what it tells."""

from tfm import console
from tfm import errors
from tfm.run import folder as run_folder

# of a run that is saved but not finished, by how its training ended
UNFINISHED = {"interrupted": errors.INTERRUPTED, "terminated": errors.PREEMPTED}


def failed(error: BaseException, folder: run_folder.RunFolder) -> int:
    """The exit status, told why, where another process is at fault.

    Args:
      error: what ended the training in `folder`.

    Raises:
      UserError: where a file cannot be written.
      BaseException: any other `error`, as it is.
    """
    if isinstance(error, BrokenPipeError):
        console.leave()
        console.say_error(
            f"Nobody reads the output any more; {what_is_saved(folder)}. Run it again "
            "to go on."
        )
        return errors.UNREAD
    if isinstance(error, Exception) and not isinstance(error, errors.UserError):
        from tfm.training import faults

        if faults.is_lost_peer(error):
            console.say_error(
                "Another process of this job ended or cannot be reached; "
                f"{what_is_saved(folder)}. Run all again to go on."
            )
            return errors.PEER_LOST
        if found := faults.not_written(error):
            file, reason = found
            raise errors.UserError(
                f"{file or folder.path} cannot be written: {reason}; "
                f"{what_is_saved(folder)}."
            ) from error
    raise error


def what_is_saved(folder: run_folder.RunFolder) -> str:
    """`the last checkpoint is of step 120`."""
    step = folder.last_step()
    if step is None:
        return "there is nothing to save yet"
    return f"the last checkpoint is of step {step:,}"
