"""Signals: the output of a process that receives a signal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.simulator import Fault, Options, Simulator, environment, tap_settings
from tests.support.examples import csv_jobs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SPEED = 1000
PATIENCE = 60  # a busy machine is no fault; it only ends what hangs
PIPE = 60_000  # bytes; a pipe that holds more is full
STREAM = "qm_questions"  # the first one in the order of names


@contextmanager
def real_time_simulator(*faults: Fault, **options: Any) -> Iterator[Simulator]:
    """Run a simulator under the real clock, quick enough for a test."""
    with Simulator(Options(speed=SPEED, rows_per_day=8, link_seconds=9e6, **options)) as sim:
        sim.faults.add(*faults)
        yield sim


@contextmanager
def tap_process(
    sim: Simulator, mode: str, *, variables: Mapping[str, str] | None = None, **changes: Any
) -> Iterator[subprocess.Popen[str]]:
    """Run the tap as a process; it is gone at the end of the block."""
    settings = tap_settings(sim.url, SPEED)
    settings["start_date"] = f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%d}"
    settings[csv_jobs.FAMILY] |= {"mode": mode, **changes}
    command = [sys.executable, "-m", "tap_cxone", "--config=ENV"]
    child = subprocess.Popen(
        command,
        env={**os.environ, **environment(settings), **(variables or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    )
    with child:
        watchdog = threading.Timer(PATIENCE, child.kill)
        watchdog.start()
        try:
            yield child
        finally:
            watchdog.cancel()
            child.kill()


def wait_until(condition: Callable[[], object]) -> None:
    """Return when something has happened in another process."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        threading.Event().wait(0.005)


def read_lines_until(child: subprocess.Popen[str], kind: str) -> list[str]:
    """Read lines up to one of a type."""
    lines: list[str] = []
    assert child.stdout is not None
    while not lines or json.loads(lines[-1])["type"] != kind:
        lines.append(child.stdout.readline())
        assert lines[-1]
    return lines


def remaining_lines(child: subprocess.Popen[str]) -> list[str]:
    """Read all the lines that are left."""
    assert child.stdout is not None
    return child.stdout.readlines()


def state_of_lines(lines: list[str]) -> dict[str, Any]:
    """Return the last state; every line must be a whole message."""
    assert all(line.endswith("\n") for line in lines)
    messages = [json.loads(line) for line in lines]
    return dict([message["value"] for message in messages if message["type"] == "STATE"][-1])


pytestmark = pytest.mark.posix
SIGNALS = pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])


@pytest.mark.ci
@pytest.mark.promise("pending-jobs")
@SIGNALS
def test_while_polling(number, code):
    """A signal while a job is polled ends the process at once; the last STATE holds the job."""
    with (
        real_time_simulator(Fault("async", "job-stuck")) as sim,
        tap_process(sim, "async") as child,
    ):
        lines = read_lines_until(child, "STATE")
        wait_until(lambda: any(job.id in seen.path for job in sim.jobs for seen in sim.requests))
        child.send_signal(number)
        lines += remaining_lines(child)

        assert child.wait() == code
        (pending,) = state_of_lines(lines)["bookmarks"][STREAM]["pending_jobs"]
        assert pending["id"] == sim.jobs[0].id
        assert len(sim.jobs) == 1


@pytest.mark.ci
@pytest.mark.parametrize("place", ["poll", "download"])
def test_while_an_answer_is_awaited(place):
    """A signal does not wait for a server that is silent."""
    silent = Fault(place, "stall", seconds=PATIENCE)
    with real_time_simulator(silent, job_polls=0) as sim, tap_process(sim, "async") as child:
        lines = read_lines_until(child, "STATE")
        wait_until(lambda: sim.faults.pending == ())
        child.send_signal(signal.SIGTERM)
        lines += remaining_lines(child)

        assert child.wait() == 143
        assert state_of_lines(lines)["bookmarks"][STREAM]["pending_jobs"]


@pytest.mark.ci
@pytest.mark.promise("no-double-submit")
def test_while_a_submit_is_answered():
    """A signal does not lose a submit: its answer is awaited, and STATE holds its job."""
    with (
        real_time_simulator(Fault("async", "stall", seconds=0.5)) as sim,
        tap_process(sim, "async") as child,
    ):
        wait_until(lambda: sim.jobs)
        child.send_signal(signal.SIGTERM)
        lines = remaining_lines(child)

        assert child.wait() == 143
        (pending,) = state_of_lines(lines)["bookmarks"][STREAM]["pending_jobs"]
        assert pending["id"] == sim.jobs[0].id
        assert len(sim.jobs) == 1


@pytest.mark.ci
def test_second_signal_ends_the_process_at_once():
    """A second signal ends the process although a submit is not answered."""
    with (
        real_time_simulator(Fault("async", "stall", seconds=PATIENCE)) as sim,
        tap_process(sim, "async") as child,
    ):
        wait_until(lambda: sim.jobs)
        child.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(0.3)
        child.send_signal(signal.SIGTERM)

        remaining_lines(child)
        assert child.wait() == 143


def test_signal_while_records_are_emitted_ends_between_lines():
    """A signal among the rows ends the process between two whole lines."""
    with (
        real_time_simulator(rows_of={"qm-questions": 1000}) as sim,
        tap_process(sim, "async") as child,
    ):
        lines = read_lines_until(child, "RECORD")
        child.send_signal(signal.SIGTERM)
        lines += remaining_lines(child)

        assert child.wait() == 143
        state = state_of_lines(lines)["bookmarks"][STREAM]
        assert "replication_key_value" not in state
        assert state["pending_jobs"][0]["id"] == sim.jobs[0].id
        assert len(lines) < 1500  # of more than two thousand


@pytest.mark.ci
def test_no_half_a_line_without_buffers():
    """Where Python does not buffer, a signal during a long line does not cut it."""
    fcntl, termios = pytest.importorskip("fcntl"), pytest.importorskip("termios")
    columns = {f"column_{number}": "string" for number in range(2000)}
    wide = {"name": "a_wide_one", "entity_name": "wide", "version": "1", "columns": columns}
    unbuffered = {"PYTHONUNBUFFERED": "1"}
    with (
        real_time_simulator() as sim,
        tap_process(sim, "async", variables=unbuffered, entities=[wide]) as child,
    ):
        assert child.stdout is not None
        waits = child.stdout.fileno()
        wait_until(
            lambda: int.from_bytes(fcntl.ioctl(waits, termios.FIONREAD, bytes(4)), "little") > PIPE
        )
        child.send_signal(signal.SIGTERM)
        lines = remaining_lines(child)

    assert any(len(line) > PIPE for line in lines)
    assert all(json.loads(line)["type"] for line in lines)
