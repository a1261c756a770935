"""One training job: its strategy, its processes, and which of them speaks."""

import contextlib
from collections.abc import Iterator

import tensorflow as tf

from tfm import console
from tfm import errors
from tfm import progress
from tfm.distribution import strategy as strategies


class Job:
    """The processes and replicas that train one run together.

    Args:
      strategy: auto, one, mirrored, multi_worker or tpu.
      logical_devices: if above 0, cut the CPU into so many devices.
      deterministic: make operations give the same bits each time.

    Attributes:
      strategy: the tf.distribute.Strategy.
      number: of this process, from 0.
      size: processes.
      is_chief: whether this process writes and speaks for all.
    """

    def __init__(
        self, strategy: str, logical_devices: int = 0, deterministic: bool = False
    ):
        if deterministic:
            tf.config.experimental.enable_op_determinism()
        self.strategy = strategies.choose(strategy, logical_devices)
        self.number, self.size = strategies.worker(self.strategy)
        self.is_chief = self.number == 0
        progress.speaks(self.is_chief)

    @property
    def description(self) -> str:
        """`4 replicas (MirroredStrategy)`, for instance."""
        replicas = self.strategy.num_replicas_in_sync
        if replicas == self.size == 1:
            kind = "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
            return f"one {kind}"
        name = type(self.strategy).__name__
        if self.size > 1:  # whose own name is that of what it is made of
            name = "MultiWorkerMirroredStrategy"
        workers = f" in {self.size} processes" if self.size > 1 else ""
        return f"{replicas} replicas{workers} ({name})"

    def say(self, text: str, is_result: bool = False) -> None:
        """Prints for all processes once.

        Args:
          text: a fact on the way.
          is_result: it is a result or a warning, which a quiet command prints too.
        """
        if self.is_chief and is_result:
            print(text, flush=True)
        elif self.is_chief:
            console.tell(text)

    def check_batch(self, batch_size: int, micro_batches: int) -> None:
        """Whether the batch divides into equal parts.

        Raises:
          UserError: it does not.
        """
        parts = self.strategy.num_replicas_in_sync * micro_batches
        if batch_size % parts:
            raise errors.UserError(
                "train.batch_size must divide by replicas times micro_batches. "
                f"Got batch_size={batch_size}, "
                f"replicas={self.strategy.num_replicas_in_sync}, "
                f"micro_batches={micro_batches}."
            )

    @contextlib.contextmanager
    def chief_first(self) -> Iterator[None]:
        """A context that the chief goes through first, the others when it is done."""
        if not self.is_chief:
            self.barrier()
        yield
        if self.is_chief:
            self.barrier()

    def barrier(self) -> None:
        """Waits until every process of the job has come here."""
        if self.size > 1:
            strategies.barrier(self.strategy)
