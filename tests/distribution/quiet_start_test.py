"""What TensorFlow's import may not do to a command."""

import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]
SWALLOWS = """
import os, signal
try:
    os.kill(os.getpid(), signal.SIGINT)
except KeyboardInterrupt:
    pass
class config:
    list_physical_devices = staticmethod(lambda: print("imported"))
"""


def test_a_ctrl_c_while_tensorflow_is_imported_is_not_lost(tmp_path):
    (tmp_path / "tensorflow.py").write_text(SWALLOWS)
    command = (
        "from tfm.distribution import quiet_start\n"
        "quiet_start.import_tensorflow(); print(1)"
    )
    done = subprocess.run(
        [sys.executable, "-c", command],
        env=os.environ | {"PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT)))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "imported\n"
    assert done.stderr.endswith("KeyboardInterrupt\n")
    assert done.returncode != 0
