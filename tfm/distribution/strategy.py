"""Where the steps run: tf.distribute strategies by name, and who is who in them."""

import os
import signal

import tensorflow as tf

from tfm import errors
from tfm.distribution import clusters
from tfm.distribution import tpu


def choose(name: str, logical_devices: int = 0) -> tf.distribute.Strategy:
    """The strategy `name`; "auto" goes by the hardware and the environment.

    auto is multi_worker where the environment names several workers (see clusters), tpu
    where there is a TPU, mirrored where there are several GPUs (or logical devices),
    else one.

    Args:
      name: auto, one, mirrored, multi_worker or tpu.
      logical_devices: if above 0, cut the CPU into so many devices, to try replicas
        on a machine without several GPUs.

    Raises:
      UserError: the hardware or the environment is not there.
    """
    if logical_devices:
        _cut_cpu(logical_devices)
    if name == "auto":
        name = _by_hardware(logical_devices)
    if name == "multi_worker":  # before TensorFlow makes its devices
        return _multi_worker()
    if name == "one":
        return tf.distribute.get_strategy()
    if name == "mirrored":
        cpus = [device.name for device in tf.config.list_logical_devices("CPU")]
        gpus = [device.name for device in tf.config.list_logical_devices("GPU")]
        return tf.distribute.MirroredStrategy(cpus if logical_devices else gpus or cpus)
    if name == "tpu":
        return tpu.connect()
    raise errors.UserError(
        f"strategy must be auto, one, mirrored, multi_worker or tpu. Got {name!r}."
    )


def _multi_worker() -> tf.distribute.Strategy:
    """Waits for all workers; Python cannot see signals meanwhile, so they end it."""
    resolver = clusters.resolver()
    before = {
        number: signal.signal(number, signal.SIG_DFL)
        for number in (signal.SIGINT, signal.SIGTERM)
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
        if len(tf.config.list_logical_devices("CPU")) != number:
            raise errors.UserError(
                "logical_devices must be given before TensorFlow is used. "
                f"Got {number}."
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
