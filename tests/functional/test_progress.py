"""How far a run has come, as log lines: heartbeats and a summary."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from typing_extensions import override

from tap_cxone.errors import JobFailed
from tap_cxone.progress.activity import count_export, set_activity, sleep
from tap_cxone.progress.console import log_heartbeats, supports_live_display
from tap_cxone.progress.formatting import format_bytes, format_duration
from tap_cxone.progress.snapshot import summary_lines
from tap_cxone.progress.tracker import Progress
from tap_cxone.simulator import Fault
from tap_cxone.simulator.settings import ALL_FAMILIES, tap_settings
from tap_cxone.windows import Window
from tests.support import streams as stream_support
from tests.support.examples import quota_jobs
from tests.support.expectations import failure
from tests.support.ids import readable
from tests.support.run import NOON, FakeClock, run_tap

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
NAME = "calls"
WEEK = [Window(NOON + n * DAY, NOON + (n + 1) * DAY) for n in range(7)]


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture):
    """Return a function that returns the lines so far."""
    caplog.set_level(logging.INFO, logger="tap-cxone")
    return lambda: [r.getMessage() for r in caplog.records if r.name == "tap-cxone"]


@pytest.fixture
def progress(clock: FakeClock) -> Progress:
    """Return the progress of a run that has not begun."""
    return Progress(clock, logging.getLogger("tap-cxone"))


@pytest.fixture
def stream(progress: Progress):
    """Return the progress of a stream that has begun, and has a week to read."""
    stream = progress.stream(NAME)
    stream.start()
    stream.set_planned_windows(WEEK)
    return stream


# Heartbeats


def test_wait_of_half_a_minute_is_logged(stream, clock, said):
    """After half a minute of waiting a line states the activity and both durations."""
    with stream.track_file():
        set_activity("waiting for the job", is_waiting=True, started_at=NOON - 60 * SECOND)
        sleep(clock, 29 * SECOND)
        assert said() == []
        sleep(clock, 20 * SECOND)
        clock.instant += 10 * SECOND
        stream.heartbeat()

    assert said() == ["calls: waiting for the job, for 1:49 min"]


def test_pause_is_logged_with_its_end(stream, clock, said):
    """Inside a long pause its own reason is logged, and how much of it is left."""

    class Middle(FakeClock):
        """A clock whose sleepers are looked at in their sleep."""

        def sleep(self, duration):
            clock.instant += 40 * SECOND
            stream.heartbeat()
            clock.instant += duration - 40 * SECOND

    with stream.track_file():
        set_activity("asking", is_waiting=True)
        sleep(Middle(clock.instant), 100 * SECOND, "throttled")
        assert stream.snapshot().activity.description == "asking"

    assert said()[0] == "calls: throttled, for 40 s; next request in 1:00 min"


def test_no_heartbeat_right_after_a_window(stream, clock, said):
    """A window that is committed has a separate line; the half minute begins again."""
    with stream.track_file():
        set_activity("asking", is_waiting=True)
        clock.instant += 29 * SECOND
        stream.count_window(WEEK[0])
        clock.instant += 29 * SECOND
        stream.heartbeat()
        assert said() == []
        clock.instant += SECOND
        stream.heartbeat()

    assert len(said()) == 1


def test_activity_without_tracker_is_ignored(clock):
    """Without an observer a reason is ignored, and the sleep is complete."""
    set_activity("something")
    count_export()
    sleep(clock, 90 * SECOND, "for whatever reason")

    assert clock.slept == [90 * SECOND]


def test_threads_are_watched_apart(progress, clock):
    """What one thread does for a stream is not taken for what another does for its own."""
    for name in "ab":
        progress.stream(name).start()
    both = threading.Barrier(2)

    def work(name):
        with progress.stream(name).track_file():
            set_activity(f"submitting {name}", is_waiting=True)
            both.wait()
            count_export()
            both.wait()

    threads = [threading.Thread(target=work, args=name) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [(one.stream, one.exports) for one in progress.snapshots()] == [("a", 1), ("b", 1)]


def test_counts_of_many_threads_add_up(stream):
    """Threads that count at once lose nothing."""
    threads = [
        threading.Thread(target=lambda: [stream.add_counts(exports=1) for _ in range(500)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert stream.snapshot().exports == 2000


def test_heartbeat_is_logged_while_every_thread_is_busy(progress, clock, said, monkeypatch):
    """Progress is logged while every thread of the run is busy with something else."""
    monkeypatch.setattr("tap_cxone.progress.console._HEARTBEAT_SECONDS", 0.001)
    stream, told = progress.stream(NAME), threading.Event()
    stream.start()
    monkeypatch.setattr(progress.log, "filters", [_Heard(told)])
    with stream.track_file(), log_heartbeats(progress):
        clock.instant += 30 * SECOND
        assert told.wait(10)

    assert said() == ["calls: waiting for a file, for 30 s"]
    assert not [thread for thread in threading.enumerate() if thread.name == "heartbeat"]


class _Heard(logging.Filter):
    """Lets everything pass, and says that something did."""

    def __init__(self, told: threading.Event) -> None:
        super().__init__()
        self.told = told

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        self.told.set()
        return True


# What is known


def test_waiting_and_working(stream, clock):
    """Time is waited or worked, by what is done in it."""
    with stream.track_file():
        set_activity("waiting", is_waiting=True)
        sleep(clock, 50 * SECOND)
        set_activity("reading")
        clock.instant += 7 * SECOND
        sleep(clock, 20 * SECOND, "throttled")
    with stream.track_activity("emitting rows"):
        clock.instant += 5 * SECOND
    stream.finish("complete")

    found = stream.snapshot()
    assert (found.waiting, found.working) == (70 * SECOND, 12 * SECOND)
    assert found.duration == 82 * SECOND


def test_progress_shows_the_remaining_time(stream, clock):
    """The time that is left follows from how much of the whole was covered how fast."""
    assert stream.snapshot().eta(clock.now()) is None

    clock.instant += 60 * SECOND
    stream.count_window(WEEK[0])
    stream.count_window(WEEK[1])

    assert stream.snapshot().eta(clock.now()) == 150 * SECOND
    assert str(stream) == "2 of 7 windows, about 2:30 min left"

    clock.instant += 30 * SECOND
    assert stream.snapshot().eta(clock.now()) == 120 * SECOND
    clock.instant += 120 * SECOND
    assert stream.snapshot().eta(clock.now()) is None


def test_stream_begins_with_its_first_file(progress, clock):
    """Files that come before their stream's turn count; it does not begin a second time."""
    stream = progress.stream(NAME)
    with stream.track_file():
        clock.instant += 20 * SECOND
    stream.start()

    assert stream.snapshot().outcome == "running"
    assert stream.snapshot().elapsed(clock.now()) == 20 * SECOND


def test_plan_that_changes_keeps_what_is_done(stream):
    """Windows that are planned again come after those that are done."""
    stream.count_window(WEEK[0])
    stream.set_planned_windows(WEEK[1:3])

    assert stream.snapshot().windows_done == "1 of 3"


def test_only_the_first_ending_counts(stream, progress):
    """A stream that failed was not interrupted by the end of the run."""
    stream.finish("failed")
    progress.register([NAME, "other"])
    progress.finish()

    assert [one.outcome for one in progress.snapshots()] == ["failed", "not begun"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.247, "0.2 s"),
        (1.2, "1 s"),
        (59, "59 s"),
        (90, "1:30 min"),
        (7325, "2:02:05 h"),
    ],
)
def test_durations(seconds, text):
    """A duration is written as a person would read it, in tenths only below a second."""
    assert format_duration(seconds * SECOND) == text


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (5e12, "5000.0 GB")]
)
def test_sizes(size, text):
    """A size is written as a person would read it."""
    assert format_bytes(size) == text


def test_summary_columns_are_aligned(progress, stream):
    """Every column of a summary ends at one place; without streams there is none."""
    progress.stream("a_longer_name")
    stream.count_download(123_456)
    lines = list(summary_lines(progress.snapshots()))

    assert lines == [
        "stream         outcome    windows  rows  quarantined  dropped     bytes  exports  waiting"
        "  working",
        "calls          running     0 of 7     0            0        0  123.5 kB        0      0 s"
        "      0 s",
        "a_longer_name  not begun        0     0            0        0       0 B        0      0 s"
        "      0 s",
    ]
    assert list(summary_lines([])) == []


# Through the tap


def test_run_in_a_pipe_logs_jobs_and_windows(simulate, clock, said, caplog):
    """A long job is logged every half minute, a window in one line, and at the end the whole."""
    sim = simulate(job_seconds=120)

    out = stream_support.run_stream(stream_support.stream_settings(sim), clock)

    job = "waiting for 2026-03-18Z to 2026-03-19Z, job "
    beats = [text for text in said() if job in text]
    windows = [r.getMessage() for r in caplog.records if " committed; " in r.getMessage()]
    assert len(beats) >= 2
    assert beats[0].startswith("qm_workflows: waiting for 2026-03-18Z")
    assert beats[0].endswith(", for 50 s")
    rows = len(out.records("qm_workflows"))
    assert windows == [
        f"qm_workflows: 2026-03-18Z to 2026-03-19Z committed; rows={rows} "
        f"bytes={sim_bytes(windows)}; 1 of 1 windows"
    ]
    titles, *lines = said()[-2:]
    assert titles.split()[:4] == ["stream", "outcome", "windows", "rows"]
    assert lines[0].split()[:7] == ["qm_workflows", "complete", "1", "of", "1", str(rows), "0"]


def sim_bytes(windows: list[str]) -> str:
    """Return how many bytes a window's line says."""
    return windows[0].partition("bytes=")[2].partition(";")[0]


def test_failure_is_followed_by_a_summary(sim, clock, said):
    """The summary comes after a failure too, and says what had been spent."""
    sim.faults.add(Fault("submit", "job-failed"))

    out = stream_support.run_stream(stream_support.stream_settings(sim), clock)

    assert isinstance(failure(out), JobFailed)
    assert said()[-1].split()[:5] == ["qm_workflows", "failed", "0", "of", "1"]
    assert said()[-1].split()[10] == "1"


def test_what_a_quota_promises(simulate, clock, said, caplog):
    """A stream that needs more than a quota allows says from its first window when it can end."""
    sim = simulate(exports_per_day=1)
    own = {"exports_per_day": 1, "window_days": 1, "tables": [quota_jobs.PATHS[quota_jobs.KB]]}
    config = tap_settings(sim.url, families=ALL_FAMILIES) | {quota_jobs.FAMILY: own}
    span = {"start_date": "2026-03-15T00:00:00Z", "end_date": "2026-03-18T00:00:00Z"}

    run_tap({**config, **span}, clock=clock, only=quota_jobs.KB)

    windows = [r.getMessage() for r in caplog.records if " committed; " in r.getMessage()]
    assert len(windows) == 1
    assert windows[0].endswith("1 of 3 windows, end by quota at 2026-03-22 12:00 UTC")
    assert said()[-1].split()[:5] == [quota_jobs.KB, "stopped", "1", "of", "3"]


# Where a display may be


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


PIPE, TERMINAL = io.StringIO(), _Terminal()


@pytest.mark.parametrize(
    ("out", "err", "environment", "expected"),
    [
        (PIPE, TERMINAL, {"TERM": "xterm"}, True),
        (PIPE, PIPE, {"TERM": "xterm"}, False),
        (TERMINAL, TERMINAL, {"TERM": "xterm"}, False),
        (PIPE, TERMINAL, {"TERM": "dumb"}, False),
        (PIPE, TERMINAL, {}, False),
        (PIPE, TERMINAL, {"TERM": "xterm", "NO_COLOR": "1"}, False),
    ],
    ids=readable,
)
def test_where_a_display_is_drawn(out, err, environment, expected):
    """Only a terminal that can and may gets a display, and only if no message goes there."""
    assert supports_live_display(out, err, environment) is expected


@pytest.mark.ci
def test_rich_is_loaded_for_a_display_only():
    """What needs no display does not load what draws it: starting is quick."""
    code = "import sys, tap_cxone.tap; sys.exit('rich' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
