"""History of each stream, computed from log lines.

A window that was committed repeatedly counts once, with its last commit.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from msgspec import Struct

from tap_cxone.report.coverage import DayState, covers, day_states, days_of, merge_windows
from tap_cxone.report.stream_end import EARLY_ENDS, StreamEnd, last_end

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from tap_cxone.report.log_parser import Line
    from tap_cxone.windows import Window

_DAY = timedelta(days=1)
_END_EVENTS = {"window_committed", *EARLY_ENDS}


class Commit(Struct, frozen=True):
    """Last commit of a window, or one commit of a full-table stream.

    Attributes:
        at: Time of the commit.
        window: The window; None for a full-table stream.
        rows: Number of emitted rows.
        quarantined: Number of quarantined rows.
        seconds: Duration of the sync.
        dropped: Number of duplicates that were dropped; None if an older version wrote the line.
        size: Bytes of the file; None for a table.
        sha256: SHA-256 of the file; None for a table.
    """

    at: datetime
    window: Window | None
    rows: int
    quarantined: int
    seconds: float | None
    dropped: int | None = None
    size: int | None = None
    sha256: str | None = None


class Stream(Struct, frozen=True):
    """History of a stream.

    Attributes:
        name: The stream's name.
        family: The API family.
        window_commits: The last commit of each window, in the order of the windows.
        table_commits: Every commit of the full table, in order.
        days: The state of each requested day, in order.
        last: The last commit, failure or early end.
        end: The end of the stream in the last run that selected it.
    """

    name: str
    family: str
    window_commits: tuple[Commit, ...]
    table_commits: tuple[Commit, ...]
    days: Mapping[date, DayState]
    last: Line | None
    end: StreamEnd

    @property
    def current_commits(self) -> tuple[Commit, ...]:
        """Return the commits that count: those of windows, and the last one of a table."""
        return self.window_commits + self.table_commits[-1:]

    @property
    def rows(self) -> int:
        """Return the number of emitted rows."""
        return sum(commit.rows for commit in self.current_commits)

    @property
    def quarantined(self) -> int:
        """Return the number of quarantined rows."""
        return sum(commit.quarantined for commit in self.current_commits)

    @property
    def newest_data(self) -> datetime | None:
        """Return the end of the newest window, or the time of the last read of the table."""
        ends = [commit.window.end for commit in self.window_commits if commit.window]
        return max(ends + [commit.at for commit in self.table_commits[-1:]], default=None)

    @property
    def failed_days(self) -> Sequence[date]:
        """Return the failed days, in order."""
        return [day for day, state in self.days.items() if state == DayState.FAILED]

    @property
    def is_up_to_date(self) -> bool:
        """Return True if its last run was complete and no requested day is failed."""
        return self.end.is_complete and not self.failed_days

    @property
    def overlapping(self) -> bool:
        """Return True if windows overlap, so that a row may count twice."""
        windows = [commit.window for commit in self.window_commits if commit.window]
        return any(right.start < left.end for left, right in pairwise(windows))


def streams(lines: Iterable[Line]) -> list[Stream]:
    """Return the streams by family and name; streams without days are last.

    The line `run_started` belongs to each stream that it names.
    """
    lines_by_stream: dict[str, list[Line]] = {}
    for line in lines:
        for name in line.streams if line.stream is None else (line.stream,):
            lines_by_stream.setdefault(name, []).append(line)
    result = [_stream(name, group) for name, group in lines_by_stream.items()]
    return sorted(result, key=lambda stream: (not stream.days, stream.family, stream.name))


def _stream(name: str, lines: Sequence[Line]) -> Stream:
    committed = [line for line in lines if line.event == "window_committed"]
    requested = {line.window for line in lines if line.window}
    return Stream(
        name=name,
        family=next((line.family for line in lines if line.family), ""),
        window_commits=_latest_commits([line for line in committed if line.window]),
        table_commits=tuple(_commit(line) for line in committed if not line.window),
        days=day_states(
            requested,
            (line.window for line in committed if line.window),
            (line.window for line in lines if line.window and line.event == "window_skipped"),
        ),
        last=next((line for line in reversed(lines) if line.event in _END_EVENTS), None),
        end=last_end(lines),
    )


def _commit(line: Line) -> Commit:
    return Commit(
        line.at,
        line.window,
        line.rows or 0,
        line.quarantined,
        line.seconds,
        line.dropped,
        line.bytes,
        line.sha256,
    )


def _latest_commits(lines: Iterable[Line]) -> tuple[Commit, ...]:
    """Return the commits whose windows no later commit covers."""
    latest: list[Commit] = []
    covered: list[Window] = []
    for commit in map(_commit, reversed(list(lines))):
        if commit.window is None or any(covers(commit.window, later) for later in covered):
            continue
        latest.append(commit)
        covered = merge_windows([*covered, commit.window])
    return tuple(sorted(latest, key=_start_of))


def _start_of(commit: Commit) -> datetime:
    return commit.window.start if commit.window else commit.at


def last_day(all_streams: Iterable[Stream]) -> date | None:
    """Return the last requested day of all streams."""
    return max((day for stream in all_streams for day in stream.days), default=None)


def single_day(commit: Commit) -> date | None:
    """Return the day that contains a commit's window; None if there is no such day."""
    touched = (
        list(days_of(commit.window)) if commit.window and length_in_days(commit.window) <= 1 else []
    )
    return touched[0] if len(touched) == 1 else None


def length_in_days(window: Window) -> float:
    """Return the length of a window in days."""
    return (window.end - window.start) / _DAY
