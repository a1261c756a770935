"""Cloud TPUs: connecting to one, and what to do where that fails."""

import os
import pathlib
import re
import socket

import tensorflow as tf

from tfm import errors

CONNECT_SECONDS = 20.0  # for a worker's port to answer
PORT = 8470  # of a TPU worker, where its address names none
_BUILD = "pip uninstall -y tensorflow tensorflow-tpu, then pip install 'tfm-train[tpu]'"

# (what TensorFlow or libtpu says, what to do): the first that is found
# holds; <name> is the TPU's
FIXES = (
    (
        r"in use by process with pid (?P<pid>\d+)",
        r"Another process has the TPU, and only one can: end process \g<pid>.",
    ),
    (
        r"already in use|libtpu multi-process lockfile|[Dd]evice or resource busy",
        "Another process has the TPU, and only one can: find it by "
        "sudo lsof -w /dev/accel0 /dev/vfio/*, end it, then "
        "sudo rm -f /tmp/libtpu_lockfile.",
    ),
    (
        r"No OpKernel was registered to support Op 'ConfigureDistributedTPU'",
        f"This build of TensorFlow has no TPU support. On a TPU VM: {_BUILD}. "
        "In Colab, choose a TPU under Runtime, Change runtime type, too. "
        "Without a TPU: --strategy=auto.",
    ),
    (
        r"libtpu\S* ?(cannot open|: cannot open|not found)|No module named 'libtpu'",
        f"TensorFlow's TPU library libtpu is not installed: {_BUILD}.",
    ),
    (
        r"(Couldn't open device: |open\()/dev/\S+ ?\((Operation|Permission)"
        r"|open\(/dev/\S+\): (Operation not permitted|Permission denied)",
        "This process may not open the TPU's device: run it as a user who may, in a "
        "container with --privileged; if another process has the TPU, end that one.",
    ),
    (
        r"No matching devices found for '\S*TPU_SYSTEM|(Could not|Cannot) find any TPU"
        r"|No TPU (devices|Platform)",
        "TensorFlow finds no TPU on this machine: start on a TPU VM (in Colab, choose "
        "a TPU under Runtime, Change runtime type), unset TPU_LOAD_LIBRARY, and end "
        "any other process that uses the TPU. Without a TPU: --strategy=auto.",
    ),
    (
        r"is not yet ready; state: \"(?P<state>PREEMPTED|TERMINATED|STOPPED)\"",
        r"The TPU <name> is \g<state>: delete it and create it again "
        "(gcloud compute tpus tpu-vm), then start the same command; the run goes on.",
    ),
    (
        r"is not yet ready; state: \"(?P<state>\w+)\"",
        r"The TPU <name> is \g<state>: start again when gcloud compute tpus tpu-vm "
        "list shows READY.",
    ),
    (
        r"Could not lookup TPU metadata.*(\b403\b|[Pp]ermission|PERMISSION|forbidden)",
        "This account may not look up the TPU <name>: give its service account the "
        "role TPU Viewer, and the VM the cloud-platform scope.",
    ),
    (
        r"Could not lookup TPU metadata|Please provide a TPU Name|HTTP Error 404",
        "There is no TPU <name> in this machine's zone and project: set TPU_NAME to a "
        "name that gcloud compute tpus tpu-vm list shows, or to local on a TPU VM.",
    ),
    (
        r"pip install cloud-tpu-client",
        "To look up the TPU <name> by its name: pip install cloud-tpu-client. "
        "On a TPU VM set TPU_NAME=local.",
    ),
    (
        r"urlopen error",
        "The TPU <name> is looked up at Google Cloud, whose metadata server does not "
        "answer here: start on a VM of the TPU's project, or set TPU_NAME=local on a "
        "TPU VM.",
    ),
    (
        r"neither a type of a primitive operation nor a name of a function"
        r"|NodeDef (expected inputs|mentions attr)|not built with the same version",
        "The TPU <name> runs another version of TensorFlow than this machine, "
        f"which has {tf.__version__}: install the same on both.",
    ),
    (
        r"[Ff]ailed to connect to|Connection (refused|reset)|[Ss]ocket closed"
        r"|may not be ready \(still scheduling\)|TPU might not be ready|timed out"
        r"|Deadline Exceeded|No route to host|Name or service not known",
        "The TPU <name> does not answer: see that it is READY, in this network and "
        f"zone, and that the firewall lets port {PORT} through.",
    ),
)


def connect() -> tf.distribute.TPUStrategy:
    """The strategy of the TPU that TPU_NAME names; by default that of this machine.

    Raises:
      UserError: there is none, or it does not start; with what to do.
    """
    name = os.environ.get("TPU_NAME") or "local"
    try:
        _reach(name)
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver.connect(name)
        return tf.distribute.TPUStrategy(resolver)
    except (
        ValueError,
        RuntimeError,
        OSError,
        ImportError,
        tf.errors.OpError,
    ) as error:
        raise errors.UserError(advice(name, str(error))) from error


def advice(name: str, message: str) -> str:
    """One line: what to do about a start of TPU `name` that failed with `message`."""
    if name == "local" and "OpKernel" not in message:
        found = holder()
        message = f"in use by process with pid {found}" if found else message
    for pattern, fix in FIXES:
        found = re.search(pattern, message, re.DOTALL)
        if found:
            return found.expand(fix).replace("<name>", repr(name))
    reason = message.strip().partition("\n")[0]
    return f"No TPU answers as {name!r}: {reason}"


def _reach(name: str) -> None:
    """Tries the port of a TPU given by address, for which TensorFlow waits for ever."""
    if name.startswith("grpc://"):
        first = name.partition(",")[0]  # of several workers
        host, _, port = first.removeprefix("grpc://").partition(":")
        address = (host, int(port or PORT))
        socket.create_connection(address, CONNECT_SECONDS).close()


def holder(devices: str = r"/dev/(accel|vfio/)\d+") -> int | None:
    """Another process of this user that has a TPU open.

    libtpu tells of it in the log only, below the level that is shown.

    Args:
      devices: a pattern of the TPU's device files.
    """
    own = f"/proc/{os.getpid()}/"
    for path in pathlib.Path("/proc").glob("[0-9]*/fd/*"):
        if str(path).startswith(own):
            continue
        try:
            target = str(path.readlink())
        except OSError:  # of another user, or just closed
            continue
        if re.fullmatch(devices, target):
            return int(path.parts[2])
    return None
