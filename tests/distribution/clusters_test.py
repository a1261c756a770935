"""Who is in the cluster: TF_CONFIG, Slurm and Kubernetes, each by its environment."""

import json
import os
import pathlib
import subprocess
import sys
import types

import pytest
import tensorflow as tf

from tfm import errors
from tfm.distribution import clusters
from tfm.distribution import strategy

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _no_cluster(monkeypatch):
    for name in list(os.environ):
        if name.startswith(("TF_CONFIG", "SLURM", "TFM_KUBERNETES", "POD_IP")):
            monkeypatch.delenv(name)


def _set(monkeypatch, **environment: str) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def _addresses(resolver) -> list[str]:
    return resolver.cluster_spec().job_tasks("worker")


def test_without_a_cluster_there_are_no_workers(monkeypatch):
    assert clusters.size() == 0
    with pytest.raises(errors.UserError, match="workers; python -m tfm.launch"):
        clusters.resolver()
    # a batch script is in a job, but not yet one of several tasks
    _set(monkeypatch, SLURM_JOB_ID="7", SLURM_NTASKS="4", SLURM_PROCID="0")
    assert clusters.size() == 0
    with pytest.raises(errors.UserError, match="start it by srun"):
        clusters.resolver()


def _tf_config(**task) -> str:
    cluster = {"chief": ["a:1"], "worker": ["b:1", "c:1"]}
    return json.dumps({"cluster": cluster, "task": task})


def test_tf_config_names_workers_and_comes_first(monkeypatch):
    _set(monkeypatch, TF_CONFIG=_tf_config(type="worker", index=1))
    _set(monkeypatch, SLURM_STEP_NUM_TASKS="9", TFM_KUBERNETES_SELECTOR="app=x")
    assert clusters.size() == 3
    found = clusters.resolver()
    assert (found.task_type, found.task_id) == ("worker", 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "TF_CONFIG must be a JSON object with cluster and task"),
        ("[]", "TF_CONFIG must be a JSON object with cluster and task"),
        (_tf_config(), "must be a chief or worker of its cluster"),
        (_tf_config(type="evaluator", index=0), "must be a chief or worker"),
        (_tf_config(type="worker", index=2), "must be a chief or worker"),
        ('{"cluster": {"worker": ["a:1"], "ps": ["b:1"]}}', "parameter servers"),
    ],
)
def test_a_wrong_tf_config_is_refused_in_one_line(monkeypatch, text, message):
    _set(monkeypatch, TF_CONFIG=text)
    for read in (clusters.size, clusters.resolver):
        with pytest.raises(errors.UserError, match=message) as refused:
            read()
        assert "\n" not in str(refused.value)


def _slurm(nodes: str, tasks: str, number: int, **more: str) -> dict[str, str]:
    own = {
        "SLURM_STEP_NODELIST": nodes,
        "SLURM_STEP_TASKS_PER_NODE": tasks,
        "SLURM_STEP_NUM_TASKS": str(number),
        "SLURM_PROCID": "0",
    }
    return own | more


def test_slurm_numbers_the_tasks_of_its_nodes(monkeypatch):
    step = _slurm("gpu[1-2],big", "2(x2),1", 5, SLURM_JOB_ID="600", SLURM_STEP_ID="0")
    _set(monkeypatch, **step)
    assert clusters.size() == 5
    found = []
    for rank, (node, place) in enumerate(
        [("gpu1", 0), ("gpu1", 1), ("gpu2", 0), ("gpu2", 1), ("big", 0)]
    ):
        _set(monkeypatch, SLURM_PROCID=str(rank), SLURMD_NODENAME=node)
        _set(monkeypatch, SLURM_LOCALID=str(place))
        resolver = clusters.resolver()
        addresses = _addresses(resolver)
        assert addresses[resolver.task_id] == f"{node}:{20_000 + place}"
        assert resolver.num_accelerators() == {} and resolver.rpc_layer == "grpc"
        found.append(resolver.task_id)
    assert sorted(found) == [0, 1, 2, 3, 4]
    assert "CUDA_VISIBLE_DEVICES" not in os.environ


def test_slurm_tasks_are_told_apart_where_names_sort_otherwise(monkeypatch):
    _set(monkeypatch, **_slurm("n[8-10]", "1(x3)", 3, SLURM_LOCALID="0"))
    found = {}
    for rank, node in enumerate(["n8", "n9", "n10"]):
        _set(monkeypatch, SLURM_PROCID=str(rank), SLURMD_NODENAME=node)
        resolver = clusters.resolver()
        found[node] = _addresses(resolver)[resolver.task_id].partition(":")[0]
    assert found == {"n8": "n8", "n9": "n9", "n10": "n10"}


def test_two_slurm_jobs_on_a_node_do_not_share_ports(monkeypatch):
    ports = []
    for job, step in (("41", "0"), ("42", "0"), ("42", "1")):
        _set(monkeypatch, **_slurm("n1", "8", 8))
        _set(monkeypatch, SLURM_JOB_ID=job, SLURM_STEP_ID=step)
        ports += [int(a.partition(":")[2]) for a in _addresses(clusters.resolver())]
    assert len(set(ports)) == 24
    assert min(ports) >= 20_000 and max(ports) < 32_768


def test_incomplete_slurm_variables_are_told(monkeypatch):
    _set(monkeypatch, SLURM_STEP_NUM_TASKS="2", SLURM_PROCID="0")
    with pytest.raises(errors.UserError, match="SLURM_STEP_NODELIST not found"):
        clusters.resolver()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, [["gpu0", "gpu1"], ["gpu2", "gpu3"]]),
        ({"SLURM_GPUS_ON_NODE": "4"}, [["gpu0", "gpu1"], ["gpu2", "gpu3"]]),
        ({"SLURM_GPUS_ON_NODE": "8"}, [None, None]),  # each task sees its own 4
        ({"SLURM_GPUS_PER_TASK": "4"}, [None, None]),
    ],
)
def test_the_tasks_of_a_slurm_node_share_its_gpus(monkeypatch, environment, expected):
    given = {}
    names = [f"gpu{i}" for i in range(4)]
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: names)
    monkeypatch.setattr(
        tf.config, "set_visible_devices", lambda gpus, _: given.update({place: gpus})
    )
    _set(monkeypatch, **environment)
    for place in range(2):
        clusters._share_gpus(2, place)
    assert [given.get(place) for place in range(2)] == expected
    if not environment:
        with pytest.raises(errors.UserError, match="Got 5 tasks and 4 GPUs"):
            clusters._share_gpus(5, 0)


REDUCE = """
import sys
import tensorflow as tf
from tfm.distribution import job
made = job.Job("auto")
made.barrier()
def one():
    here = tf.distribute.get_replica_context()
    return here.all_reduce("sum", tf.constant(10.0) ** made.number)
total = tf.function(lambda: made.strategy.run(one))()
print("sum", float(total), "of", made.size, "processes, number", made.number)
"""


def _run_all(environments: list[dict[str, str]]) -> list[str]:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", REDUCE],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for environment in environments
    ]
    try:
        ended = [process.communicate(timeout=300) for process in running]
    finally:
        for process in running:
            process.kill()
    assert all(process.returncode == 0 for process in running), ended
    return [output.strip() for output, _ in ended]


@pytest.mark.slow
def test_two_slurm_tasks_add_up_without_a_gpu():
    # the number of this process makes the ports differ between runs at the same time
    step = _slurm("localhost", "2", 2, SLURM_JOB_ID=str(os.getpid()), SLURM_STEP_ID="0")
    step |= {"SLURMD_NODENAME": "localhost"}
    tasks = [{"SLURM_PROCID": str(i), "SLURM_LOCALID": str(i)} for i in range(2)]
    found = _run_all([step | task for task in tasks])
    what = "sum 11.0 of 2 processes, number"
    assert found == [f"{what} 0", f"{what} 1"]


class _ApiError(Exception):
    status, reason = 403, "Forbidden"


class _ConfigError(Exception):
    pass


def _pod(name: str, address: str, phase: str = "Running", deleted=None):
    return types.SimpleNamespace(
        metadata=types.SimpleNamespace(name=name, deletion_timestamp=deleted),
        status=types.SimpleNamespace(phase=phase, pod_ip=address, host_ip="192.0.2.1"),
    )


class _Kubernetes:
    """The `kubernetes` package; its API server gives one answer after another."""

    def __init__(self, monkeypatch, *answers):
        self.answers, self.asked, self.in_pod = list(answers), [], True
        client = types.SimpleNamespace(CoreV1Api=lambda: self, ApiException=_ApiError)
        config = types.SimpleNamespace(
            load_incluster_config=self._load, ConfigException=_ConfigError
        )
        package = types.SimpleNamespace(client=client, config=config)
        monkeypatch.setitem(sys.modules, "kubernetes", package)
        monkeypatch.setenv(clusters.SELECTOR, "job-name=train")
        monkeypatch.setenv(clusters.WORKERS, "3")
        monkeypatch.setenv("POD_IP", "10.0.0.2")
        monkeypatch.setattr(clusters, "PODS_SECONDS", 0.2)

    def _load(self):
        if not self.in_pod:
            raise _ConfigError("Service host/port is not set.")

    def list_namespaced_pod(self, namespace, label_selector):
        self.asked.append((namespace, label_selector))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return types.SimpleNamespace(items=answer)


PODS = [
    _pod("train-1-b", "10.0.0.2"),
    _pod("train-0-a", "10.0.0.3"),
    _pod("train-2-c", "10.0.0.1"),
]


def test_kubernetes_pods_find_each_other_under_their_own_addresses(monkeypatch):
    fake = _Kubernetes(monkeypatch, PODS)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    assert clusters.size() == 3
    found = clusters.resolver()
    assert _addresses(found) == ["10.0.0.3:8470", "10.0.0.2:8470", "10.0.0.1:8470"]
    assert (found.task_type, found.task_id, found.rpc_layer) == ("worker", 1, "grpc")
    assert fake.asked == [("default", "job-name=train")]
    # a pod that has ended, or is about to, is not one of them
    ended = [_pod("train-0-x", "10.0.0.9", "Failed"), _pod("t", "10.0.0.8", deleted=1)]
    _Kubernetes(monkeypatch, PODS + ended)
    assert clusters.resolver().task_id == 1


def test_a_pod_waits_until_all_run(monkeypatch, capfd):
    starting = [*PODS[:2], _pod("train-2-c", None, "Pending")]
    fake = _Kubernetes(monkeypatch, PODS[:1], starting, PODS)
    monkeypatch.setattr(clusters, "PODS_SECONDS", 1.0)
    assert len(_addresses(clusters.resolver())) == 3 and len(fake.asked) == 3
    waiting = "Waiting for 3 pods that match 'job-name=train': 1 ran.\n"
    assert capfd.readouterr().err == waiting
    for answer, state in (
        (PODS[:2], "2 ran"),
        (starting, 'Pod "train-2-c" is not running; phase: "Pending"'),
        ([*PODS, _pod("train-3-d", "10.0.0.4")], "4 ran"),
    ):
        _Kubernetes(monkeypatch, answer)
        with pytest.raises(errors.UserError, match=state):
            clusters.resolver()


def test_what_kubernetes_lacks_is_told_in_one_line(monkeypatch):
    fake = _Kubernetes(monkeypatch, PODS)
    monkeypatch.setenv("POD_IP", "10.0.0.77")
    with pytest.raises(errors.UserError, match="must match the pod itself"):
        clusters.resolver()
    monkeypatch.delenv("POD_IP")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")  # routes as 127.0.0.1
    with pytest.raises(errors.UserError, match="this one is at 127.0.0.1"):
        clusters.resolver()
    fake.answers = [_ApiError()]
    with pytest.raises(errors.UserError, match=r"403 Forbidden.*with list on pods"):
        clusters.resolver()
    fake.in_pod = False
    with pytest.raises(errors.UserError, match="is for processes in pods"):
        clusters.resolver()
    for count in ("", "0", "two"):
        monkeypatch.setenv(clusters.WORKERS, count)
        with pytest.raises(errors.UserError, match="KUBERNETES_WORKERS, the number"):
            clusters.size()
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    with pytest.raises(errors.UserError, match=r"pip install kubernetes\.$"):
        clusters.resolver()


def test_a_pod_alone_is_no_cluster(monkeypatch):
    _set(monkeypatch, KUBERNETES_SERVICE_HOST="127.0.0.1", JOB_COMPLETION_INDEX="0")
    assert clusters.size() == 0
    assert type(strategy.choose("auto")) is type(tf.distribute.get_strategy())
