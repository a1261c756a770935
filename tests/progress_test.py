"""Phases: what they tell, the time that is left, and that they leave no thread."""

import threading

import pytest

from tfm import console
from tfm import displays
from tfm import progress


@pytest.fixture(name="clock")
def _clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture(name="shown")
def _shown(monkeypatch):
    """The lines that a display got, without the thread's."""
    lines = []

    class Kept:
        def show(self, line, started, is_last=False):
            lines.append(line())

        def close(self, seconds, is_whole):
            lines.append("closed" if is_whole else "broken off")

    monkeypatch.setattr(displays, "found", Kept)
    monkeypatch.setattr(progress, "_SECONDS", 1000.0)
    return lines


def test_a_rate_leaves_out_the_first_update_and_is_the_mean_of_the_next():
    rate = progress.Rate()
    rate.add(1, 30.0)
    assert rate.seconds is None
    for seconds in (0.4, 0.6, 0.5):
        rate.add(1, seconds)
    assert rate.seconds == pytest.approx(0.5, rel=0.02)


@pytest.mark.parametrize(("units", "seconds"), [(1, 0.01), (50, 1.0), (1, 20.0)])
def test_a_rate_follows_what_changes(units, seconds):
    rate = progress.Rate()
    for _ in range(1000):
        rate.add(units, seconds)
    assert rate.seconds == pytest.approx(seconds / units)
    for _ in range(max(30, round(10 / seconds))):  # 30 updates and 30 seconds
        rate.add(units, 3 * seconds)
    assert rate.seconds == pytest.approx(3 * seconds / units, rel=0.15)


def test_a_phase_tells_what_is_done_how_fast_and_what_is_left(clock, shown):
    done = 0
    with progress.phase("Predicting", lambda: done, 5000, "rows"):
        for clock[0] in range(6):
            progress.draw()
            done += 64
    assert shown[0] == ("Predicting", 0.0, ("0/5,000 rows",))
    assert shown[1].parts == ("64/5,000 rows",)  # which compile
    assert shown[5].parts == ("ETA 1:13", "320/5,000 rows", "64.0 rows/s")
    assert shown[-2].parts[1] == "384/5,000 rows"  # as it ends
    assert shown[-1] == "closed"


def test_rows_that_an_earlier_command_has_done_do_not_count_as_fast(clock, shown):
    done = 9_000
    with progress.phase("Predicting", lambda: done, 10_000, "rows"):
        for clock[0] in range(4):
            progress.draw()
            done += 10
    assert shown[3].parts == ("ETA 1:37", "9,030/10,000 rows", "10.0 rows/s")


def test_where_the_end_is_not_known_it_tells_the_time_and_the_speed(clock, shown):
    done = 0
    with progress.phase("Reading", lambda: done, unit="rows"):
        for clock[0] in (0, 1, 2, 62):
            progress.draw()
            done += 1000
    assert shown[-2] == ("Reading", None, ("3,000 rows", "31.2 rows/s", "1:02"))


def test_the_innermost_phase_is_shown(clock, shown):
    with progress.phase("Training"):
        with progress.phase("Validating"):
            progress.draw()
        progress.draw()
    assert [line.name for line in shown[:-1]] == ["Validating", "Training"]
    assert shown[-1] == "closed"


def test_an_error_ends_the_phases_and_their_thread(shown):
    before = threading.active_count()
    reading = progress.phase("Reading", lambda: 1, 2)
    with pytest.raises(ZeroDivisionError), reading, progress.phase("Encoding"):
        assert threading.active_count() == before + 1
        raise ZeroDivisionError
    assert threading.active_count() == before
    assert shown == ["broken off"]


@pytest.mark.parametrize("how", ["quiet", "another process"])
def test_nothing_is_shown(shown, how):
    try:
        console.be_quiet(how == "quiet")
        progress.speaks(how != "another process")
        with progress.phase("Reading", lambda: 1, 2):
            progress.draw()
    finally:
        console.be_quiet(False)
        progress.speaks(True)
    assert not shown


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (102, "1:42"), (7390, "2:03:10")]
)
def test_durations(seconds, text):
    assert progress.duration(seconds) == text
