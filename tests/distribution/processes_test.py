"""Local processes as one job: their output, their signals, their end."""

import signal
import time

import pytest

from tests.support import launched

SAVES = """
def save(number, _):
    time.sleep(0.2)
    print("saved after", signal.Signals(number).name)
    sys.exit({signal.SIGINT: 130, signal.SIGTERM: 42}[number])
signal.signal(signal.SIGINT, save)
signal.signal(signal.SIGTERM, save)
ready()
time.sleep(60)
"""


def test_output_has_the_workers_name_before_each_whole_line(tmp_path):
    body = """
for number in range(200):
    # halves that would be mixed up with the other worker's
    os.write(1, b"a" * 50)
    os.write(1, b"b" * 50 + b" %d\\n" % number)
os.write(2, "schön\\n".encode())
for percent in range(1, 101):
    os.write(1, b"%d%%\\r" % percent)
os.write(1, b"\\r\\nthe end")
"""
    status, output, notes = launched.Job(tmp_path, body).end()
    assert status == 0
    assert sorted(notes) == ["[worker 0] schön", "[worker 1] schön"]
    expected = ["a" * 50 + "b" * 50 + f" {number}" for number in range(200)]
    for name in ("[worker 0] ", "[worker 1] "):
        own = [line.removeprefix(name) for line in output if line.startswith(name)]
        assert own == [*expected, "100%", "the end"]
    assert len(output) == 2 * 202


def test_a_line_of_megabytes_arrives_whole(tmp_path):
    body = 'print("x" * 3_000_000 + str(index)); print("after")'
    status, output, _ = launched.Job(tmp_path, body).end()
    assert status == 0
    assert sorted(output) == [
        "[worker 0] after",
        "[worker 0] " + "x" * 3_000_000 + "0",
        "[worker 1] after",
        "[worker 1] " + "x" * 3_000_000 + "1",
    ]


def test_lines_come_at_once(tmp_path):
    job = launched.Job(tmp_path, 'print("begun"); wait_for("seen")', workers=1)
    assert job.process.stdout.readline() == "[worker 0] begun\n"
    (tmp_path / "seen").touch()
    assert job.end()[0] == 0


def test_where_all_die_at_once_the_status_is_the_chiefs(tmp_path):
    body = """
ready()
wait_for("ready-0-1", "ready-1-1", "ready-2-1")
os.kill(os.getppid(), signal.SIGSTOP)  # so that it sees all deaths together
if index == 0:
    subprocess.Popen(["/bin/sh", "-c", f"sleep 0.5; kill -CONT {os.getppid()}"],
                     start_new_session=True, stdout=2)
sys.exit([8, 9, 10][index])
"""
    status, _, notes = launched.Job(tmp_path, body, workers=3).end()
    assert status == 8
    assert "[launch] No restarts are left (--max_restarts=0)." in notes


def test_one_that_ignores_sigterm_is_killed_after_the_grace(tmp_path):
    body = """
if index == 0:
    signal.signal(signal.SIGTERM, lambda *_: print("not me"))
    ready()
    while True:
        time.sleep(1)
wait_for("ready-0-1")
sys.exit(3)
"""
    started = time.monotonic()
    status, output, _ = launched.Job(tmp_path, body, grace=0.5).end()
    assert status == 3 and output == ["[worker 0] not me"]
    assert time.monotonic() - started < 5


def test_what_a_worker_has_started_ends_with_it(tmp_path):
    body = """
child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
pathlib.Path("worker-0/child").write_text(str(child.pid))
"""
    job = launched.Job(tmp_path, body, workers=1)
    assert job.process.wait(launched.SECONDS) == 0
    job.check_nothing_is_left(seconds=5)  # its new parent reaps it
    job.end()


@pytest.mark.parametrize(
    ("number", "passed_on", "expected"),
    [
        (signal.SIGINT, "SIGINT", 130),
        (signal.SIGTERM, "SIGTERM", 42),
        (signal.SIGHUP, "SIGTERM", 42),
    ],
)
def test_a_signal_is_passed_on_and_the_saves_awaited(
    tmp_path, number, passed_on, expected
):
    job = launched.Job(tmp_path, SAVES, max_restarts=3, grace=0.1)
    job.wait_for("ready-0-1", "ready-1-1")
    job.process.send_signal(number)
    job.process.send_signal(number)  # as when a wrapper passes it on too
    status, output, _ = job.end()
    assert status == expected
    assert sorted(output) == [
        f"[worker 0] saved after {passed_on}",
        f"[worker 1] saved after {passed_on}",
    ]
    assert len(job.pids()) == 2


def test_a_second_ctrl_c_does_not_wait(tmp_path):
    body = """
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
ready()
time.sleep(60)
"""
    job = launched.Job(tmp_path, body, grace=0.2)
    job.wait_for("ready-0-1", "ready-1-1")
    job.process.send_signal(signal.SIGINT)
    time.sleep(1.2)
    assert job.process.poll() is None
    job.process.send_signal(signal.SIGINT)
    assert job.end()[0] == 130


def test_under_nohup_a_closed_terminal_is_ignored(tmp_path):
    body = 'ready(); wait_for("go on")'
    job = launched.Job(tmp_path, body, workers=1, nohup=True)
    job.wait_for("ready-0-1")
    job.process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    (tmp_path / "go on").touch()
    assert job.end()[0] == 0


def test_in_the_background_ctrl_c_is_ignored_and_sigterm_saves(tmp_path):
    job = launched.Job(tmp_path, SAVES, background=True)
    job.wait_for("ready-0-1", "ready-1-1")
    job.process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    job.process.send_signal(signal.SIGTERM)
    status, output, _ = job.end()
    assert status == 42
    assert output.count("[worker 0] saved after SIGTERM") == len(output) - 1 == 1


def test_workers_save_when_the_launcher_is_killed(tmp_path):
    body = SAVES.replace('print("saved', 'open(f"saved-{index}", "w"), print("saved')
    job = launched.Job(tmp_path, body)
    job.wait_for("ready-0-1", "ready-1-1")
    job.process.kill()
    job.wait_for("saved-0", "saved-1")
    job.check_nothing_is_left(seconds=5)
    job.process.communicate()


def test_it_ends_when_nobody_reads_its_output_any_more(tmp_path):
    body = SAVES.replace('print("saved', 'open(f"saved-{index}", "w"), print("saved')
    job = launched.Job(tmp_path, body)
    job.wait_for("ready-0-1", "ready-1-1")
    job.process.stdout.close()  # as when the parent that held the pipe has died
    job.process.stderr.close()
    assert job.process.wait(launched.SECONDS) == 42
    job.wait_for("saved-0", "saved-1")
    job.check_nothing_is_left()
