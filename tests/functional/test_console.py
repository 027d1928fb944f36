"""A run as a person sees it, in a terminal."""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import logging
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from tap_cxone.progress.activity import set_activity
from tap_cxone.progress.console import LiveDisplay
from tap_cxone.progress.tracker import Progress
from tap_cxone.simulator import Options, Simulator, environment, tap_settings
from tap_cxone.windows import Window
from tests.support.examples import csv_jobs
from tests.support.run import NOON, select

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.run import FakeClock

STREAM = "qm_workflows"
SPEED = 1000
PATIENCE = 30
DAY = timedelta(days=1)
_OURS = {"NO_COLOR", "COLUMNS", "LINES"}  # what the terminal of the tests is like
JOB = "e3b0c442-98fc-4c14-9afb-f4c8996fb924"
_CODES = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])|[\r\n]|[^\x1b\r\n]+")


@dataclass
class Screen:
    """As much of a terminal as is needed here: endless, and without colours."""

    lines: list[str] = field(default_factory=lambda: [""])
    erased: list[str] = field(default_factory=list)
    cursor: bool = True
    row: int = 0
    column: int = 0

    @classmethod
    def after(cls, text: str) -> Screen:
        """Return what is seen when all of `text` has been written."""
        screen = cls()
        for found in _CODES.finditer(text):
            screen._take(found)
        return screen

    def _take(self, found: re.Match[str]) -> None:
        number, code = found[1], found[2]
        if found[0] == "\r":
            self.column = 0
        elif found[0] == "\n":
            self.row += 1
            self.lines += [""] * (self.row + 1 - len(self.lines))
        elif code is None:
            line = self.lines[self.row].ljust(self.column)
            end = self.column + len(found[0])
            self.lines[self.row], self.column = line[: self.column] + found[0] + line[end:], end
        elif code == "A":
            self.row -= int(number or 1)
        elif code == "K":
            self.erased.append(self.lines[self.row])
            self.lines[self.row] = ""
        elif number == "?25":
            self.cursor = code == "h"
        else:
            assert code == "m", f"a code that is not known here: {found[0]!r}"


class Terminal:
    """The tap as a process with a terminal for its standard error."""

    def __init__(self, config: dict[str, Any], folder: Path, **variables: str) -> None:
        """Start it, with one stream selected and some variables of its own."""
        catalog = folder / "catalog.json"
        catalog.write_text(json.dumps(select(config, STREAM)))
        self._out = folder / "out.jsonl"
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 160, 0, 0))
        kept = {k: v for k, v in os.environ.items() if k not in _OURS}
        kept |= {"TERM": "xterm-256color", **environment(config), **variables}
        with self._out.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tap_cxone", "--config=ENV", f"--catalog={catalog}"],
                env=kept,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=slave,
            )
        os.close(slave)
        self._watchdog = threading.Timer(PATIENCE, self.process.kill)
        self._watchdog.start()
        self.seen = ""

    def until(self, text: str | None = None) -> Screen:
        """Read on until `text` was written, or to the end."""
        while text is None or text not in self.seen:
            try:
                chunk = os.read(self._master, 65536)
            except OSError:  # no process writes any more
                break
            if not chunk:
                break
            self.seen += chunk.decode(errors="replace")
        return Screen.after(self.seen)

    def end(self) -> int:
        """Return how it ended."""
        code = self.process.wait()
        self._watchdog.cancel()
        os.close(self._master)
        return code

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Return the messages on its standard output, which are nothing but that."""
        return [json.loads(line) for line in self._out.read_text().splitlines()]


@contextmanager
def terminal(folder: Path, options: Options, **variables: str) -> Iterator[Terminal]:
    """Run the tap in a terminal beside a simulator; it is gone at the end of the block."""
    with Simulator(options) as sim:
        config = tap_settings(sim.url, SPEED)
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        config["start_date"] = (today - 5 * DAY).isoformat()
        config["end_date"] = (today - 2 * DAY).isoformat()
        config[csv_jobs.FAMILY] |= {"mode": "async", "window_days": 1}
        found = Terminal(config, folder, **variables)
        try:
            yield found
        finally:
            with contextlib.suppress(ProcessLookupError):
                found.process.kill()
            found.end()


QUICK = Options(speed=SPEED, rows_per_day=8, link_seconds=9e6)


@pytest.mark.ci
def test_run_in_a_terminal_ends_with_a_summary(tmp_path):
    """The display shows what is done, then gives way to a summary; no line is garbled."""
    with terminal(tmp_path, QUICK) as run:
        screen = run.until()
        code = run.process.wait()
        messages = run.messages

    rows = sum(message["type"] == "RECORD" for message in messages)
    drawn = [line for line in screen.erased if line.strip().startswith(STREAM)]
    table = [line for line in screen.lines if line.strip().startswith(STREAM)]
    logged = [line for line in screen.lines if re.search(r"\| (INFO|WARNING|ERROR)", line)]
    assert code == 0
    assert rows == 24
    assert drawn[-1].split()[:5] == [STREAM, "3", "of", "3", "24"]
    assert [line.split()[:6] for line in table] == [[STREAM, "complete", "3", "of", "3", "24"]]
    assert not any("rows/s" in line for line in screen.lines)
    assert len([line for line in logged if " committed; rows=8 " in line]) == 3
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \| ", line) for line in logged)
    assert any("METRIC: {" in line and line.rstrip().endswith("}}") for line in logged)
    assert screen.cursor


@pytest.mark.ci
def test_interrupted_run_restores_the_terminal(tmp_path):
    """Control-C ends the display too: the cursor is back, and the summary says what was done."""
    slow = Options(speed=SPEED, rows_per_day=8, job_seconds=9e6)
    with terminal(tmp_path, slow) as run:
        run.until("waiting for ")
        run.process.send_signal(signal.SIGINT)
        screen = run.until()
        code = run.process.wait()

    table = [line for line in screen.lines if line.strip().startswith(STREAM)]
    assert code == 130
    assert [line.split()[:5] for line in table] == [[STREAM, "interrupted", "0", "of", "3"]]
    assert screen.cursor


@pytest.mark.slow
def test_who_wants_no_colours_gets_lines(tmp_path):
    """With NO_COLOR a terminal gets what a pipe gets."""
    with terminal(tmp_path, QUICK, NO_COLOR="1") as run:
        screen = run.until()

    assert "\x1b" not in run.seen
    assert any(re.search(rf"\| {STREAM} +complete +3 of 3 ", line) for line in screen.lines)


# One frame


@pytest.fixture
def progress_of_twelve(clock: FakeClock) -> Progress:
    """Return the progress of a run of twelve streams, one of which waits."""
    progress = Progress(clock, logging.getLogger("tap-cxone"))
    progress.register(f"a_stream_with_a_long_name_{number:02}" for number in range(12))
    stream = progress.stream("a_stream_with_a_long_name_03")
    stream.start()
    stream.set_planned_windows([Window(NOON + n * DAY, NOON + (n + 1) * DAY) for n in range(4)])
    clock.instant += timedelta(seconds=60)
    stream.emitted = 1234
    stream.count_window(Window(NOON, NOON + DAY))
    return progress


def frame(progress: Progress, width: int, height: int) -> list[str]:
    """Return a frame as it is seen in a terminal of a size."""
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=width, height=height)
    with progress.stream("a_stream_with_a_long_name_03").track_file():
        set_activity(f"waiting for 2026-03-01Z to 2026-03-15Z, job {JOB}", is_waiting=True)
        with LiveDisplay(progress, console):
            pass
    return [
        line.rstrip()
        for line in Screen.after(file.getvalue().replace("\n", "\r\n")).erased
        if line.strip()
    ]


@pytest.mark.parametrize("width", [80, 100, 200])
def test_narrow_terminal_cuts_no_number(progress_of_twelve, width):
    """Names and numbers stand whole in 80 columns; only what is done may be cut."""
    (line,) = {line for line in frame(progress_of_twelve, width, 30) if "_03" in line}

    assert line.split()[:9] == [
        "a_stream_with_a_long_name_03", "1", "of", "4", "1,234", "21", "3:00", "min", "0",
    ]  # fmt: skip
    assert len(line) <= width
    assert ("…" in line) == (width < 160)


@pytest.mark.parametrize("width", [80, 120])
def test_summary_in_80_columns_cuts_no_number(progress_of_twelve, width):
    """A summary fits into 80 columns; quarantined rows show where there are any."""
    file = io.StringIO()
    display = LiveDisplay(progress_of_twelve, Console(file=file, width=width))
    display.print_summary()
    progress_of_twelve.stream("a_stream_with_a_long_name_03").add_counts(quarantined=7)
    display.print_summary()
    lines = file.getvalue().splitlines()

    titles = [line.split() for line in lines if "outcome" in line]
    (first, second) = [line for line in lines if "1,234" in line]
    assert len(titles[1]) == len(titles[0]) + 1
    assert sum("not begun" in line for line in lines) == 2 * 11
    assert first.split()[1:6] == ["running", "1", "of", "4", "1,234"]
    assert second.split()[5:7] == ["1,234", "7"]


def test_low_terminal_shows_the_running_streams(progress_of_twelve):
    """Where not every stream has room, those are left out for which nothing is done."""
    assert sum("a_stream" in line for line in set(frame(progress_of_twelve, 120, 30))) == 12
    assert sum("a_stream" in line for line in set(frame(progress_of_twelve, 120, 12))) == 1
