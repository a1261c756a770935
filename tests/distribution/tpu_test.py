"""What a TPU says when it does not start, and what the user is told to do."""

import os
import pathlib
import re
import socket
import subprocess
import sys

import pytest

from tfm import errors
from tfm.distribution import tpu

ROOT = pathlib.Path(__file__).parents[2]
# as users of TPU VMs, Colab and Cloud TPU have met them
NO_KERNEL = (
    "TPUs not found in the cluster. Failed in initialization: No OpKernel was "
    "registered to support Op 'ConfigureDistributedTPU' used by {{node "
    "ConfigureDistributedTPU}} "
    'with these attrs: [is_global_init=false, tpu_embedding_config=""]\n'
    "Registered devices: [CPU]\nRegistered kernels:\n  <no registered kernels>\n"
)
LOOKUP = (
    "Could not lookup TPU metadata from name 'v3'. Please doublecheck the tpu argument "
    "in the TPUClusterResolver constructor. Exception: <HttpError {} when requesting "
    "https://tpu.googleapis.com/v1/projects/p/locations/z/nodes/v3?alt=json returned "
    '"{}">'
)
MESSAGES = [
    (
        "ABORTED: The TPU is already in use by process with pid 2239507. Not "
        "attempting to load libtpu.so in this process.",
        "end process 2239507.",
    ),
    (
        "libtpu.so is already in use by process with pid 31. Not attempting to load "
        "libtpu.so in this process.",
        "end process 31.",
    ),
    (
        'libtpu.so already in use by another process. Run "$ sudo lsof -w /dev/accel0" '
        "to figure out which process is using the TPU. Not attempting to load "
        "libtpu.so in this process.",
        "sudo lsof -w /dev/accel0",
    ),
    (
        "The TPU is already in use by another process probably owned by another user. "
        'Run "$ sudo lsof -w /dev/accel0" to figure out which process is using the '
        'TPU. If you still get this message, run "$ sudo rm /tmp/libtpu_lockfile".',
        "sudo lsof -w /dev/accel0",
    ),
    (
        "Internal error when accessing libtpu multi-process lockfile. Run "
        '"$ sudo rm /tmp/libtpu_lockfile".',
        "sudo rm -f /tmp/libtpu_lockfile",
    ),
    (
        "TPU initialization failed: open(/dev/vfio/0): Device or resource busy: "
        "Couldn't open iommu group /dev/vfio/0",
        "Another process has the TPU",
    ),
    (NO_KERNEL, "pip install 'tfm-train[tpu]'"),
    (
        "libtpu.so: cannot open shared object file: No such file or directory",
        "libtpu is not installed",
    ),
    ("No module named 'libtpu'", "libtpu is not installed"),
    (
        "Invalid fd: -1; Couldn't open device: /dev/accel0 (Operation not permitted); "
        "Unable to create Node RegisterInterface for node 0",
        "--privileged",
    ),
    (
        "TPU initialization failed: open(/dev/accel2): Operation not permitted: "
        "Operation not permitted; Couldn't open device: /dev/accel2",
        "--privileged",
    ),
    (
        "TPUs not found in the cluster. Failed in initialization: No matching devices "
        "found for '/device:TPU_SYSTEM:0' [Op:__inference__tpu_init_fn_10]",
        "finds no TPU on this machine",
    ),
    ("Could not find any TPU devices", "finds no TPU on this machine"),
    (
        "Cannot find any TPU cores in the system (master address ). This usually means "
        "the master address is incorrect or the TPU worker has some problems.",
        "finds no TPU on this machine",
    ),
    ("UNAVAILABLE: No TPU Platform available.", "finds no TPU on this machine"),
    ('TPU "v3" is not yet ready; state: "CREATING"', "'v3' is CREATING: start again"),
    ('TPU "v3" is not yet ready; state: "PREEMPTED"', "'v3' is PREEMPTED: delete it"),
    (
        LOOKUP.format(403, "Permission 'tpu.nodes.get' denied on resource"),
        "may not look up the TPU 'v3'",
    ),
    (
        LOOKUP.format(404, "Resource 'projects/p/locations/z/nodes/v3' was not found"),
        "There is no TPU 'v3' in this machine's zone and project",
    ),
    ("Please provide a TPU Name to connect to.", "set TPU_NAME to a name"),
    (
        "Missing runtime dependency on the Google API client. Run `pip install "
        "cloud-tpu-client` to fix.",
        "pip install cloud-tpu-client.",
    ),
    (
        "<urlopen error [Errno -2] Name or service not known>",
        "'v3' is looked up at Google Cloud",
    ),
    (
        "'__inference__tpu_init_fn_4' is neither a type of a primitive operation nor a "
        "name of a function registered in binary running on n-3ea5ef93-w-0. Make sure "
        "the operation or function is registered in the binary running in this process",
        "install the same on both",
    ),
    (
        "NodeDef expected inputs 'string' do not match 0 inputs specified; "
        "Op<name=_Send; signature=tensor:T -> ; attr=T:type>; NodeDef: {{node _Send}}",
        "install the same on both",
    ),
    (
        "failed to connect to all addresses\nAdditional GRPC error information from "
        "remote target /job:worker/replica:0/task:0:",
        "'v3' does not answer",
    ),
    ("[Errno 111] Connection refused", "'v3' does not answer"),
    ("Socket closed", "'v3' does not answer"),
    (
        "Failed to connect to master. The TPU might not be ready (e.g. still "
        "scheduling) or the master address is incorrect: got (grpc://10.240.1.2:8470)",
        "'v3' does not answer",
    ),
]


@pytest.mark.parametrize(("message", "advice"), MESSAGES)
def test_a_known_message_is_answered_with_what_to_do(message, advice):
    said = tpu.advice("v3", message)
    assert advice in said
    assert "\n" not in said and "<" not in said


def test_every_fix_is_reached_by_a_message():
    said = {tpu.advice("v3", message)[:25] for message, _ in MESSAGES}
    for _, fix in tpu.FIXES:
        start = fix.replace("<name>", "'v3'").partition("\\g")[0][:20]
        assert any(line.startswith(start) for line in said), fix


def test_an_unknown_message_keeps_its_first_line():
    said = tpu.advice("v3", "Core halted at 0x7\nstack\n")
    assert said == "No TPU answers as 'v3': Core halted at 0x7"


def test_the_process_that_has_the_tpu_is_named(tmp_path):
    # any name that the kernel shows for an open file serves as a device here
    hold = "import sys, time; f = open(sys.argv[1]); print(flush=True); time.sleep(60)"
    (tmp_path / "accel0").touch()
    device = str(tmp_path / "accel0")
    assert tpu.holder(re.escape(device)) is None
    process = subprocess.Popen(
        [sys.executable, "-c", hold, device], stdout=subprocess.PIPE
    )
    try:
        process.stdout.readline()
        assert tpu.holder(re.escape(device)) == process.pid
    finally:
        process.kill()
        process.communicate()


def test_a_worker_that_is_not_there_is_told_at_once(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("TPU_NAME", f"grpc://127.0.0.1:{port}")
    with pytest.raises(errors.UserError, match="does not answer: see that it is READY"):
        tpu.connect()


@pytest.mark.slow
def test_this_build_says_that_it_has_no_tpu_support(tmp_path):
    flags = ["--experiment=text_cls", "--strategy=tpu", f"--run_dir={tmp_path / 'run'}"]
    done = subprocess.run(
        [sys.executable, "-m", "tfm.train", *flags],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "TPU_NAME"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "Starting    text_cls\n")
    assert done.stderr.startswith("error: This build of TensorFlow has no TPU support.")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()
