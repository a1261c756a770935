"""Where the steps run: tf.distribute strategies by name, and who is who in them."""

import json
import os

import tensorflow as tf

from tfm import errors


def choose(name: str, logical_devices: int = 0) -> tf.distribute.Strategy:
    """The strategy `name`; "auto" goes by the hardware and the environment.

    auto is multi_worker where TF_CONFIG or Slurm names several workers, tpu where there
    is a TPU, mirrored where there are several GPUs (or logical devices), else one.

    Args:
      name: auto, one, mirrored, multi_worker or tpu.
      logical_devices: if above 0, cut the CPU into so many devices, to try replicas
        on a machine without several GPUs.

    Raises:
      UserError: the hardware or the environment is not there.
    """
    if logical_devices:
        _cut_cpu(logical_devices)
    cluster_size = _cluster_size()
    if name == "auto":
        name = _by_hardware(cluster_size, logical_devices)
    if name == "multi_worker":  # before TensorFlow makes its devices
        return _multi_worker(cluster_size)
    if name == "one":
        return tf.distribute.get_strategy()
    if name == "mirrored":
        cpus = [device.name for device in tf.config.list_logical_devices("CPU")]
        gpus = [device.name for device in tf.config.list_logical_devices("GPU")]
        return tf.distribute.MirroredStrategy(cpus if logical_devices else gpus or cpus)
    return _tpu()


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


def _by_hardware(cluster_size: int, logical_devices: int) -> str:
    if cluster_size > 1:
        return "multi_worker"
    if tf.config.list_physical_devices("TPU") or "TPU_NAME" in os.environ:
        return "tpu"
    num_gpus = len(tf.config.list_physical_devices("GPU"))
    return "mirrored" if max(logical_devices, num_gpus) > 1 else "one"


def _cluster_size() -> int:
    """Workers that the environment names; 0 where it names none."""
    if "TF_CONFIG" in os.environ:
        try:
            cluster = json.loads(os.environ["TF_CONFIG"]).get("cluster", {})
        except (ValueError, AttributeError):
            raise errors.UserError(
                "TF_CONFIG must be a JSON object with cluster and task. "
                f"Got {os.environ['TF_CONFIG']!r}."
            ) from None
        return len(cluster.get("worker", [])) + len(cluster.get("chief", []))
    return int(os.environ.get("SLURM_NTASKS", 0))


def _multi_worker(cluster_size: int) -> tf.distribute.Strategy:
    resolver = None
    if "TF_CONFIG" not in os.environ:
        if not cluster_size:
            raise errors.UserError(
                "multi_worker needs TF_CONFIG or Slurm to name the workers; "
                "python -m tfm.launch starts several on this machine."
            )
        resolver = tf.distribute.cluster_resolver.SlurmClusterResolver()
    return tf.distribute.MultiWorkerMirroredStrategy(cluster_resolver=resolver)


def _tpu() -> tf.distribute.Strategy:
    name = os.environ.get("TPU_NAME", "local")
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver.connect(name)
    except (ValueError, RuntimeError, tf.errors.OpError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise errors.UserError(f"No TPU answers as {name!r}: {reason}") from error
    return tf.distribute.TPUStrategy(resolver)


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
