"""Distribution strategies: data parallel training on the devices of one or many hosts.

tf.distribute strategies by name, and who is who in them.
"""

import os
import signal
from collections.abc import Callable

import tensorflow as tf

from tfm import errors
from tfm.distribution import clusters
from tfm.distribution import tpu

# The distributed strategy of this process, by what was asked for. Two would number
# their collective operations alike, and wait for each other's tensors.
_made: dict[tuple[str, ...], tf.distribute.Strategy] = {}


def choose(name: str, logical_devices: int = 0) -> tf.distribute.Strategy:
    """The strategy `name`; "auto" goes by the hardware and the environment.

    auto is multi_worker where the environment names several workers (see clusters), tpu
    where there is a TPU, mirrored where there are several GPUs (or logical devices),
    else one.

    A process has one distributed strategy: the same request gets it again. One device
    can be had beside it.

    Args:
      name: auto, one, mirrored, multi_worker or tpu.
      logical_devices: if above 0, cut the CPU into so many devices, to try replicas
        on a machine without several GPUs.

    Raises:
      UserError: the hardware or the environment is not there, or this process has
        another strategy already.
    """
    if logical_devices:
        _cut_cpu(logical_devices)
    if name == "auto":
        name = _by_hardware(logical_devices)
    if name == "multi_worker":  # before TensorFlow makes its devices
        return _once(_multi_worker, name)
    if name == "one":
        return tf.distribute.get_strategy()
    if name == "mirrored":
        cpus = [device.name for device in tf.config.list_logical_devices("CPU")]
        gpus = [device.name for device in tf.config.list_logical_devices("GPU")]
        devices = cpus if logical_devices else gpus or cpus
        return _once(lambda: tf.distribute.MirroredStrategy(devices), name, *devices)
    if name == "tpu":
        return _once(tpu.connect, name)
    raise errors.UserError(
        f"strategy must be auto, one, mirrored, multi_worker or tpu. Got {name!r}."
    )


def _once(
    make: Callable[[], tf.distribute.Strategy], *request: str
) -> tf.distribute.Strategy:
    """The strategy that the request got before, or a new one where there is none."""
    if request not in _made:
        for other in _made:
            raise errors.UserError(
                "A process can have one distributed strategy. This one has "
                f"{_shown(other)}; got {_shown(request)}. Start another process."
            )
        _made[request] = make()
    return _made[request]


def _shown(request: tuple[str, ...]) -> str:
    """`mirrored on CPU:0, CPU:1`."""
    name, *devices = request
    short = [device.rpartition("device:")[2] for device in devices]
    return f"{name} on {', '.join(short)}" if devices else name


def _multi_worker() -> tf.distribute.Strategy:
    """Waits for all workers; Python cannot see signals meanwhile, so they end it."""
    resolver = clusters.resolver()
    before = {
        number: signal.signal(number, signal.SIG_DFL)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN  # as in the background
    }
    try:
        return tf.distribute.MultiWorkerMirroredStrategy(cluster_resolver=resolver)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _cut_cpu(number: int) -> None:
    cpu = tf.config.list_physical_devices("CPU")[0]
    parts = [tf.config.LogicalDeviceConfiguration() for _ in range(number)]
    try:
        tf.config.set_logical_device_configuration(cpu, parts)
    except RuntimeError:  # TensorFlow has begun to use the CPU
        there = len(tf.config.list_logical_devices("CPU"))
        if there != number:
            raise errors.UserError(
                "logical_devices must be given before TensorFlow is used, and stays in "
                f"a process. Got {number} where there are {there}."
            ) from None


def _by_hardware(logical_devices: int) -> str:
    if clusters.size() > 1:
        return "multi_worker"
    if tf.config.list_physical_devices("TPU") or os.environ.get("TPU_NAME"):
        return "tpu"
    num_gpus = len(tf.config.list_physical_devices("GPU"))
    return "mirrored" if max(logical_devices, num_gpus) > 1 else "one"


def worker(strategy: tf.distribute.Strategy) -> tuple[int, int]:
    """The number of this process, and how many there are."""
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return 0, 1
    resolver = strategy.cluster_resolver
    spec = resolver.cluster_spec().as_dict()
    chiefs, workers = len(spec.get("chief", [])), len(spec.get("worker", []))
    number = (
        resolver.task_id
        if resolver.task_type == "chief"
        else (chiefs + (resolver.task_id or 0))
    )
    return number, max(1, chiefs + workers)


def local_replicas(strategy: tf.distribute.Strategy) -> int:
    """Replicas of this process."""
    return strategy.num_replicas_in_sync // worker(strategy)[1]


def barrier(strategy: tf.distribute.Strategy) -> None:
    """Waits until every process has come here."""

    @tf.function
    def meet():
        def one():
            context = tf.distribute.get_replica_context()
            return context.all_reduce(tf.distribute.ReduceOp.SUM, tf.ones(()))

        return strategy.run(one)

    meet()
