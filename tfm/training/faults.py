"""Faults in training: loss spikes, gradients that are not finite, lost peers."""

import collections
import errno
import os
import statistics
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from tfm import errors
from tfm.checkpoints import bundle

HISTORY = 100  # steps whose median loss is the usual one
EARLIEST = 20  # steps that must have been seen before a loss can be a spike
# what the system answers where a file cannot be made longer
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
# what a collective operation ends with where a process is killed or does not answer
LOST = (
    tf.errors.UnavailableError,
    tf.errors.DeadlineExceededError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
)


class Watch:
    """Looks at each step's loss and whether its update was skipped.

    Args:
      spike_factor: a loss above so many times the median of the last steps is a spike;
        None looks for none.
      max_skipped: updates skipped in a row that are too many.
      max_spikes: returns to one and the same checkpoint that are too many.
    """

    def __init__(
        self, spike_factor: float | None, max_skipped: int = 20, max_spikes: int = 3
    ):
        self._spike_factor = spike_factor
        self._max_skipped = max_skipped
        self._max_spikes = max_spikes
        self._losses = collections.deque(maxlen=HISTORY)
        self._skipped_in_a_row = 0
        self._returns = collections.Counter()  # by the step of the checkpoint

    def skipped(
        self, first_step: int, step_metrics: dict[str, np.ndarray]
    ) -> list[int]:
        """The steps of a call whose update was skipped.

        Args:
          first_step: the number of updates before the call.
          step_metrics: of the call, see train_step.train_function.

        Raises:
          UserError: too many in a row.
        """
        found = []
        for i, skipped in enumerate(step_metrics["skipped"]):
            self._skipped_in_a_row = self._skipped_in_a_row + 1 if skipped else 0
            if skipped:
                found.append(first_step + i)
            if self._skipped_in_a_row >= self._max_skipped:
                raise errors.UserError(
                    f"{self._skipped_in_a_row} updates in a row had a gradient that is "
                    "not finite. Try a lower --optimizer.learning_rate, a longer "
                    "--optimizer.warmup_steps or --train.dtype=float32."
                )
        return found

    def spike(self, step_metrics: dict[str, np.ndarray]) -> float | None:
        """The first loss of a call that is a spike, or None; learns from the others."""
        if self._spike_factor is None:
            return None
        losses = step_metrics["loss"]
        for loss in losses[np.isfinite(losses)].tolist():
            if len(self._losses) >= EARLIEST and loss > self._spike_factor * (
                statistics.median(self._losses)
            ):
                return loss
            self._losses.append(loss)
        return None

    def returned_to(self, step: int) -> None:
        """Counts a return to the checkpoint of `step`.

        Raises:
          UserError: too many to the same one.
        """
        self._losses.clear()
        self._returns[step] += 1
        if self._returns[step] > self._max_spikes:
            raise errors.UserError(
                f"The loss jumped again after {self._max_spikes} returns to the "
                f"checkpoint of step {step}. Try a lower --optimizer.learning_rate, or "
                "a higher --train.spike_factor if such jumps are usual here."
            )


def is_lost_peer(error: BaseException) -> bool:
    """Whether `error` comes from another process of the job that has gone."""
    return any(isinstance(e, LOST) and "Collective" in str(e) for e in _chain(error))


def not_written(error: BaseException) -> tuple[str, str] | None:
    """The file that `error` says cannot be written, and why; None for another error.

    The file is "" where the error does not name it.
    """
    for e in _chain(error):
        if isinstance(e, OSError) and e.errno in NO_ROOM:
            return str(e.filename or ""), os.strerror(e.errno)
        if isinstance(e, tf.errors.OpError) and _is_of_writing(str(e)):
            return _file(e.message), bundle.reason(e)
    return None


def _is_of_writing(text: str) -> bool:
    answers = [os.strerror(number) for number in NO_ROOM]
    return "Summary" in text or any(answer in text for answer in answers)


def _file(message: str) -> str:
    """The words before the reason: `{{...}} FILE; REASON`."""
    return message.partition("\n")[0].rpartition("}} ")[2].rpartition("; ")[0]


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and those from which it came, which Keras may have put another for."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
