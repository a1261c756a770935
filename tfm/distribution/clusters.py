"""Workers of a cluster, by the first of these that the environment has.

TF_CONFIG: as tfm.launch, or Kubeflow's training operator, sets it.

TFM_KUBERNETES_SELECTOR: the label selector of a job's pods, as job-name=train, with
TFM_KUBERNETES_WORKERS, how many they are. Each pod asks the API server for the
others, so its service account needs a Role with "list" on pods.

SLURM_STEP_NUM_TASKS and its like: as srun sets them; one worker is one task.
"""

import json
import os
import pathlib
import socket
import sys
import time
import types

import tensorflow as tf

from tfm import errors

SELECTOR, WORKERS = "TFM_KUBERNETES_SELECTOR", "TFM_KUBERNETES_WORKERS"
NAMESPACE = pathlib.Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
PODS_SECONDS = 600.0  # until all pods run


def size() -> int:
    """Workers that the environment names; 0 where it names none."""
    if "TF_CONFIG" in os.environ:
        return len(_tf_config())
    if SELECTOR in os.environ:
        return _num_pods()
    return int(os.environ.get("SLURM_STEP_NUM_TASKS", 0))


def resolver() -> tf.distribute.cluster_resolver.ClusterResolver:
    """Knows every worker's address, and which of them this process is.

    Raises:
      UserError: the environment names no workers, or not all that is needed.
    """
    if "TF_CONFIG" in os.environ:
        _tf_config()
        return tf.distribute.cluster_resolver.TFConfigClusterResolver()
    if SELECTOR in os.environ:
        return _kubernetes()
    if "SLURM_STEP_NUM_TASKS" in os.environ:
        return _slurm()
    srun = "; start it by srun" if "SLURM_JOB_ID" in os.environ else ""
    raise errors.UserError(
        f"multi_worker needs TF_CONFIG, srun or {SELECTOR} to name the workers{srun}; "
        "python -m tfm.launch starts several on this machine."
    )


def _tf_config() -> list[str]:
    """The workers' addresses in TF_CONFIG, which is checked."""
    text = os.environ["TF_CONFIG"]
    try:
        body = json.loads(text)
        cluster, task = body.get("cluster", {}), body.get("task", {})
        workers = {kind: list(cluster.get(kind, [])) for kind in ("chief", "worker")}
        own = workers.get(task.get("type"), [])
        found = not cluster or 0 <= int(task.get("index", -1)) < len(own)
    except (ValueError, TypeError, AttributeError):
        raise errors.UserError(
            f"TF_CONFIG must be a JSON object with cluster and task. Got {text!r}."
        ) from None
    if "ps" in cluster:
        raise errors.UserError(
            "TF_CONFIG must not name parameter servers (ps): asynchronous updates "
            "cannot give the result of one device. Name workers alone."
        )
    if not found:
        raise errors.UserError(
            f"TF_CONFIG's task must be a chief or worker of its cluster. Got {text!r}."
        )
    return workers["chief"] + workers["worker"]


def _fixed(addresses: list[str], number: int):
    """A resolver of workers that are known; this process is worker `number`."""
    gpus = len(tf.config.get_visible_devices("GPU"))
    return tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": addresses}),
        task_type="worker",
        task_id=number,
        num_accelerators={"GPU": gpus} if gpus else {},
        rpc_layer="grpc",
    )


def _slurm():
    # Two steps on one node do not share ports: each has 16, below those that the
    # kernel deals out.
    job, step = (int(os.environ.get(f"SLURM_{n}_ID", 0)) for n in ("JOB", "STEP"))
    port = 20_000 + 16 * ((job + 101 * step) % 600)
    try:
        # TensorFlow's resolver is asked for the addresses only. It would deal out GPUs
        # by nvidia-smi, which fails without a GPU, and by CUDA_VISIBLE_DEVICES, which
        # comes too late.
        found = tf.distribute.cluster_resolver.SlurmClusterResolver(
            port_base=port,
            gpus_per_node=int(os.environ["SLURM_STEP_NUM_TASKS"]),
            gpus_per_task=1,
            auto_set_gpu=False,
        )
        addresses = found.cluster_spec().job_tasks("worker")
    except (ValueError, RuntimeError) as error:
        raise errors.UserError(
            f"Slurm's variables do not name the workers: {error}"
        ) from error
    # It numbers tasks by sorted names of nodes, Slurm by its own order of them (n8,
    # n9, n10), so SLURM_PROCID may be another's place.
    place = int(os.environ.get("SLURM_LOCALID", 0))
    own = f"{os.environ.get('SLURMD_NODENAME')}:{port + place}"
    number = addresses.index(own) if own in addresses else found.task_id
    nodes = [address.rpartition(":")[0] for address in addresses]
    _share_gpus(max(map(nodes.count, nodes)), place)
    return _fixed(addresses, number)


def _share_gpus(tasks: int, place: int) -> None:
    """Leaves this task its part of the node's GPUs, unless Slurm has dealt them out.

    Args:
      tasks: on each node.
      place: of this one among them.
    """
    gpus = tf.config.list_physical_devices("GPU")
    on_node = int(os.environ.get("SLURM_GPUS_ON_NODE", len(gpus)))
    dealt = {"SLURM_GPUS_PER_TASK", "SLURM_GPU_BIND"} & os.environ.keys()
    if not gpus or tasks == 1 or dealt or len(gpus) < on_node:
        return
    each = len(gpus) // tasks
    if not each:
        raise errors.UserError(
            "Every task of a node needs a GPU of its own. "
            f"Got {tasks} tasks and {len(gpus)} GPUs."
        )
    tf.config.set_visible_devices(gpus[place * each : (place + 1) * each], "GPU")


class _Pods:
    """The client that TensorFlow's Kubernetes resolver asks for pods.

    The resolver connects to `host_ip`, the node, where pods listen only on the host's
    network; it fails for good on a pod that has ended, which a job keeps beside its
    successor; and it looks through all namespaces, which few accounts may. So it is
    shown the living pods of this namespace, under their own addresses.
    """

    def __init__(self, client, namespace: str):
        self._client = client
        self._namespace = namespace

    def list_pod_for_all_namespaces(self, label_selector: str):
        found = self._client.list_namespaced_pod(
            self._namespace, label_selector=label_selector
        )
        alive = [
            pod
            for pod in found.items
            if pod.status.phase in ("Pending", "Running")
            and not pod.metadata.deletion_timestamp
        ]
        for pod in alive:
            pod.status.host_ip = pod.status.pod_ip
        return types.SimpleNamespace(items=alive)


def _num_pods() -> int:
    text = os.environ.get(WORKERS, "")
    if not text.isdecimal() or not int(text):
        raise errors.UserError(
            f"{SELECTOR} needs {WORKERS}, the number of pods. Got {text!r}."
        )
    return int(text)


def _kubernetes():
    try:
        from kubernetes import client
        from kubernetes import config
    except ImportError:
        raise errors.UserError(
            f"{SELECTOR} needs the Kubernetes client: pip install kubernetes."
        ) from None
    try:
        config.load_incluster_config()
    except config.ConfigException as error:
        raise errors.UserError(
            f"{SELECTOR} is for processes in pods of the cluster: {error}"
        ) from error
    namespace = NAMESPACE.read_text().strip() if NAMESPACE.exists() else "default"
    selector = os.environ[SELECTOR]
    try:
        addresses = _running(_Pods(client.CoreV1Api(), namespace), selector)
    except client.ApiException as error:
        raise errors.UserError(
            f"The API server does not list the pods of namespace {namespace} "
            f"({error.status} {error.reason}): give the pod's service account a Role "
            "with list on pods."
        ) from error
    hosts = [address.rpartition(":")[0] for address in addresses]
    own = os.environ.get("POD_IP") or _address()
    if own not in hosts:
        raise errors.UserError(
            f"{SELECTOR} must match the pod itself. {selector!r} matches pods at "
            f"{', '.join(hosts)}; this one is at {own}."
        )
    return _fixed(addresses, hosts.index(own))


def _running(pods: _Pods, selector: str) -> list[str]:
    """The addresses of the pods, as soon as all of them run."""
    number = _num_pods()
    found = tf.distribute.cluster_resolver.KubernetesClusterResolver(
        {"worker": [selector]}, override_client=pods
    )
    until = time.monotonic() + PODS_SECONDS
    told = False
    while True:
        try:
            addresses = found.cluster_spec().job_tasks("worker")
            state = f"{len(addresses)} ran"
            if len(addresses) == number:
                return addresses
        except RuntimeError as error:  # one of them does not run yet
            state = str(error)
        if time.monotonic() > until:
            raise errors.UserError(
                f"{WORKERS}={number} pods that match {selector!r} must run. "
                f"After {PODS_SECONDS:.0f} s: {state}."
            )
        if not told:
            line = f"Waiting for {number} pods that match {selector!r}: {state}."
            print(line, file=sys.stderr, flush=True)
            told = True
        time.sleep(min(1.0, PODS_SECONDS / 10))


def _address() -> str:
    """The address that this machine has towards the API server; nothing is sent."""
    server = os.environ.get("KUBERNETES_SERVICE_HOST", "")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((server, int(os.environ.get("KUBERNETES_SERVICE_PORT", 443))))
        return probe.getsockname()[0]
