"""Several workers from one command: clusters, GPUs, restarts, flags and mistakes."""

import json
import subprocess
import sys

import pytest

from tests.support import launched
from tfm import errors
from tfm import launch


def test_all_have_one_cluster_and_each_its_place(tmp_path):
    _, output, _ = launched.Job(
        tmp_path, 'print(os.environ["TF_CONFIG"])', workers=3
    ).end()
    found = dict(line.split("] ", 1) for line in output)
    configs = [json.loads(found[f"[worker {index}"]) for index in range(3)]
    assert [made["task"] for made in configs] == [
        {"type": "worker", "index": index} for index in range(3)
    ]
    addresses = configs[0]["cluster"]["worker"]
    assert all(made["cluster"] == {"worker": addresses} for made in configs)
    hosts, ports = zip(*(address.split(":") for address in addresses), strict=True)
    assert set(hosts) == {"127.0.0.1"} and len(set(ports)) == 3
    assert all(1024 < int(port) < 65536 for port in ports)


def test_gpus_are_given_out_in_turn(tmp_path):
    body = 'print(os.environ.get("CUDA_VISIBLE_DEVICES"))'
    outputs = []
    for visible, each in (("4,5,6,GPU-7a", 2), ("4,5", 0)):
        environment = {"CUDA_VISIBLE_DEVICES": visible}
        job = launched.Job(
            tmp_path, body, gpus_per_worker=each, environment=environment
        )
        outputs.append(sorted(job.end()[1]))
    assert outputs == [
        ["[worker 0] 4,5", "[worker 1] 6,GPU-7a"],
        ["[worker 0] 4,5", "[worker 1] 4,5"],
    ]


def test_too_few_gpus_are_told(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2")
    with pytest.raises(errors.UserError, match="takes 4 GPUs. CUDA_VIS.* names 3"):
        launch.launch(["true"], workers=2, gpus_per_worker=2)


def test_after_a_death_all_start_again_with_new_ports(tmp_path):
    body = """
print(start, *json.loads(os.environ["TF_CONFIG"])["cluster"]["worker"])
ready()
if start == 1:
    wait_for("ready-0-1", "ready-1-1")
    if index == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)
"""
    status, output, notes = launched.Job(tmp_path, body, max_restarts=2).end()
    assert status == 0
    assert notes == [
        "[launch] worker 1 was killed by SIGKILL; ending the others.",
        "[launch] Restart 1 of 2, from the last checkpoint.",
    ]
    # the second start is one of all, after the first has ended
    starts = [line.split()[2:] for line in output]
    assert [start for start, *_ in starts] == ["1", "1", "2", "2"]
    assert starts[0] == starts[1] and starts[2] == starts[3]
    assert starts[0][1:] != starts[2][1:]


def test_without_restarts_left_the_status_is_that_of_the_dead(tmp_path):
    body = """
ready()
wait_for(f"ready-0-{start}", f"ready-1-{start}")
if index == 1:
    print("no luck", file=sys.stderr)
    sys.exit(7)
time.sleep(60)
"""
    job = launched.Job(tmp_path, body, max_restarts=1)
    status, _, notes = job.end()
    assert status == 7
    assert notes == [
        "[worker 1] no luck",
        "[launch] worker 1 ended with status 7; ending the others.",
        "[launch] Restart 1 of 1, from the last checkpoint.",
        "[worker 1] no luck",
        "[launch] worker 1 ended with status 7; ending the others.",
        "[launch] No restarts are left (--max_restarts=1).",
    ]
    assert len(job.pids()) == 4


def test_a_users_mistake_is_not_started_again(tmp_path):
    body = """
ready()
if index == 1:
    wait_for("ready-0-1")
    print("error: There is no flag --trian.", file=sys.stderr)
    sys.exit(2)
time.sleep(60)
"""
    job = launched.Job(tmp_path, body, max_restarts=5)
    status, _, notes = job.end()
    assert status == 2
    assert notes == ["[worker 1] error: There is no flag --trian."]
    assert len(job.pids()) == 2


def test_preemptions_restart_without_being_counted(tmp_path):
    body = """
if start <= 3:
    ready()
    if index == 0:
        time.sleep(0.3)  # its save takes longer
        print("saved")
    sys.exit(42)
"""
    status, output, notes = launched.Job(tmp_path, body, max_restarts=1).end()
    assert status == 0
    assert output == ["[worker 0] saved"] * 3
    restart = "[launch] Restart after a preemption, from the last checkpoint."
    assert [note for note in notes if "Restart" in note] == [restart] * 3


def test_without_restarts_a_preemption_is_for_the_scheduler(tmp_path):
    assert launched.Job(tmp_path, "sys.exit(42)").end()[0] == 42


def test_the_train_flags_arrive_untouched():
    own, behind = launch.split(["launch", "--workers=2", "--", "--a=x y", "--", "b"])
    assert own == ["launch", "--workers=2"]
    assert behind == ["--a=x y", "--", "b"]
    assert launch.split(["launch", "--help"]) == (["launch", "--help"], None)
    start = [sys.executable, "-m", "tfm.train"]
    assert launch.train_command(["--experiment=e", "--data.text=-- x"]) == [
        *start,
        "--experiment=e",
        "--data.text=-- x",
        "--strategy=multi_worker",
    ]
    for own_choice in (["--strategy=auto"], ["--strategy", "auto"]):
        assert launch.train_command(own_choice) == [*start, *own_choice]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--workers=2"],
            "Put the flags of tfm.train behind --, as in python -m tfm.launch "
            "--workers=2 -- --experiment=NAME.",
        ),
        (
            ["--workers=2", "--experiment=text_cls", "--train.steps=3"],
            "Put the flags of tfm.train behind --, as in python -m tfm.launch "
            "--workers=2 -- --experiment=NAME.",
        ),
        (["--workers=0", "--"], "--workers takes 1 or more. Got 0."),
        (["--workers=two", "--"], "--workers takes a whole number. Got 'two'."),
        (["--max_restarts=-1", "--"], "--max_restarts takes 0 or more. Got -1."),
        (
            ["--worker=2", "--"],
            "There is no flag --worker (did you mean --workers?). "
            "--help shows them all.",
        ),
    ],
)
def test_a_mistake_is_told_in_one_line(arguments, message):
    done = _command(*arguments)
    assert done.stderr == f"error: {message}\n"
    assert done.returncode == 2 and not done.stdout


def test_a_mistake_in_the_train_flags_comes_from_a_worker():
    done = _command("--max_restarts=3", "--", "--experiment=text_clss")
    assert done.returncode == 2
    assert "[worker 0] error: There is no experiment 'text_clss'" in done.stderr
    assert "Traceback" not in done.stderr and "Restart" not in done.stderr


def test_help_imports_nothing_heavy():
    code = (
        "import sys; sys.argv = ['launch', '--help']\n"
        "from tfm import config, launch\n"
        "try: config.run(launch.main, launch.Options)\n"
        "except SystemExit: pass\n"
        "print('HEAVY', {'tensorflow', 'keras', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=launched.ROOT, capture_output=True, text=True
    )
    assert "HEAVY set()" in done.stdout, done.stdout[-500:] + done.stderr
    assert "--max_restarts=0" in done.stdout


def _command(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "tfm.launch", *arguments],
        cwd=launched.ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=launched.SECONDS,
        check=False,
    )
