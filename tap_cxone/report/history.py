"""Facts → what became of each stream and run; re-read windows count once, as read last."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from tap_cxone.report.coverage import State, days, merged, states, within

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from tap_cxone.report.reading import Line
    from tap_cxone.windows import Window

_DAY = timedelta(days=1)
TROUBLES = {
    "job_failed": "job failed",
    "stream_failed": "stream failed",
    "stream_stopped": "stopped for the day",
    "webhook_failed": "webhook not told",
}
"""Event → what it is called, of what went wrong or ended early."""
_ENDS = {"window_committed", "stream_failed", "stream_stopped"}


@dataclass(frozen=True, slots=True)
class Read:
    """A window's last reading, or one reading of a table without windows.

    Attributes:
        at: When it was committed.
        window: The window; None for a table that is read whole.
        rows: How many rows left.
        quarantined: How many were set aside.
        seconds: How long it took.
    """

    at: datetime
    window: Window | None
    rows: int
    quarantined: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Misfits:
    """Rows that did not fit for one reason.

    Attributes:
        stream: Whose rows.
        reason: Why, as logged.
        rows: How many, in the last reading of each window.
        fields: Columns concerned, of the rows that have a line of their own.
        at: When the newest was found.
    """

    stream: str
    reason: str
    rows: int
    fields: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream's past.

    Attributes:
        name: Its name.
        family: Its API.
        reads: The last reading of each window, in the order of the windows.
        tables: Every reading of it as a whole table, in order.
        days: The state of each day that was asked for, in order.
        last: What happened last: a commit, or an event of `TROUBLES`.
    """

    name: str
    family: str
    reads: tuple[Read, ...]
    tables: tuple[Read, ...]
    days: Mapping[date, State]
    last: Line | None

    @property
    def counting(self) -> tuple[Read, ...]:
        """Return the readings that make up what is there: of a table only the last."""
        return self.reads + self.tables[-1:]

    @property
    def rows(self) -> int:
        """Return how many rows left."""
        return sum(read.rows for read in self.counting)

    @property
    def quarantined(self) -> int:
        """Return how many rows were set aside."""
        return sum(read.quarantined for read in self.counting)

    @property
    def overlapping(self) -> bool:
        """Tell whether windows overlap, so that a row may count twice."""
        windows = [read.window for read in self.reads if read.window]
        return any(right.start < left.end for left, right in pairwise(windows))


@dataclass(frozen=True, slots=True)
class Run:
    """A run; without an end it was killed, or goes on.

    Attributes:
        name: What its lines have in common.
        began: Its first line.
        ended: Its last line.
        outcome: How it ended; empty if no line says so.
        version: Of the tap.
        streams: How many were selected.
        failed: Those that failed.
        rows: How many left in it.
        seconds: How long it took, as it said.
    """

    name: str
    began: datetime
    ended: datetime
    outcome: str
    version: str
    streams: int
    failed: tuple[str, ...]
    rows: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong or ended early; once where one cause ended several streams of a run.

    Attributes:
        line: The newest line that says so.
        streams: The streams concerned.
    """

    line: Line
    streams: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drift:
    """Columns that no SCHEMA had; a run that begins with the old catalog meets them again.

    Attributes:
        stream: Whose they are.
        columns: Their names.
        times: How often they were met.
        first: When first.
        last: When last.
    """

    stream: str
    columns: tuple[str, ...]
    times: int
    first: datetime
    last: datetime


def streams(lines: Iterable[Line]) -> list[Stream]:
    """Return every stream that has lines, by family and name; those without days come last."""
    found: dict[str, list[Line]] = {}
    for line in lines:
        if line.stream is not None:
            found.setdefault(line.stream, []).append(line)
    every = [_stream(name, own) for name, own in found.items()]
    return sorted(every, key=lambda one: (not one.days, one.family, one.name))


def _stream(name: str, lines: Sequence[Line]) -> Stream:
    committed = [line for line in lines if line.event == "window_committed"]
    asked = {line.window for line in lines if line.window}
    return Stream(
        name=name,
        family=next((line.family for line in lines if line.family), ""),
        reads=_latest([line for line in committed if line.window]),
        tables=tuple(_read(line) for line in committed if not line.window),
        days=states(asked, (line.window for line in committed if line.window)),
        last=next((line for line in reversed(lines) if line.event in _ENDS), None),
    )


def _read(line: Line) -> Read:
    return Read(line.at, line.window, line.rows or 0, line.quarantined, line.seconds)


def _latest(lines: Iterable[Line]) -> tuple[Read, ...]:
    """Return the readings that no later ones replace."""
    found: list[Read] = []
    covered: list[Window] = []
    for read in map(_read, reversed(list(lines))):
        if read.window is None or any(within(read.window, later) for later in covered):
            continue
        found.append(read)
        covered = merged([*covered, read.window])
    return tuple(sorted(found, key=_begin))


def _begin(read: Read) -> datetime:
    return read.window.start if read.window else read.at


def last_day(found: Iterable[Stream]) -> date | None:
    """Return the last day that any stream asked for."""
    return max((day for stream in found for day in stream.days), default=None)


def runs(lines: Iterable[Line]) -> list[Run]:
    """Return the runs, the newest first."""
    found: dict[str, list[Line]] = {}
    for line in lines:
        found.setdefault(line.run, []).append(line)
    return sorted(
        (_run(name, own) for name, own in found.items()), key=lambda run: run.began, reverse=True
    )


def _run(name: str, lines: Sequence[Line]) -> Run:
    first, last = lines[0], lines[-1]
    start = next((line for line in lines if line.event == "run_started"), None)
    end = next((line for line in lines if line.event == "run_ended"), None)
    took = (last.at - first.at).total_seconds()
    return Run(
        name=name,
        began=first.at,
        ended=last.at,
        outcome=(end.outcome or "") if end else "",
        version=(start.version or "") if start else "",
        streams=len(start.streams) if start else len({line.stream for line in lines} - {None}),
        failed=end.failed if end else (),
        rows=sum(line.rows or 0 for line in lines if line.event == "window_committed"),
        seconds=took if end is None or end.seconds is None else end.seconds,
    )


def troubles(lines: Iterable[Line]) -> list[Trouble]:
    """Return what went wrong or ended early, the newest first."""
    found: dict[tuple[object, ...], list[Line]] = {}
    for line in lines:
        if line.event in TROUBLES:
            same = (line.run, line.event, line.reason, line.window, line.job_id)
            found.setdefault(same, []).append(line)
    every = [Trouble(own[-1], _named(own)) for own in found.values()]
    return sorted(every, key=lambda trouble: trouble.line.at, reverse=True)


def _named(lines: Iterable[Line]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.stream for line in lines if line.stream))


def drift(lines: Iterable[Line]) -> list[Drift]:
    """Return which columns were new, those seen last first."""
    found: dict[tuple[str, tuple[str, ...]], list[datetime]] = {}
    for line in lines:
        if line.event == "drift":
            found.setdefault((line.stream or "", line.columns), []).append(line.at)
    every = [Drift(*key, len(seen), seen[0], seen[-1]) for key, seen in found.items()]
    return sorted(every, key=lambda one: one.last, reverse=True)


def misfits(lines: Sequence[Line]) -> list[Misfits]:
    """Return the rows that did not fit, by stream and reason, the most first."""
    checked = (line for line in lines if line.event == "window_validated")
    validated = {(line.stream, line.window): line for line in checked}
    rows: Counter[tuple[str, str]] = Counter()
    newest: dict[tuple[str, str], datetime] = {}
    for line in sorted(validated.values(), key=lambda line: line.at):
        for reason, number in line.reasons.items():
            key = (line.stream or "", reason)
            rows[key] += number
            newest[key] = line.at
    fields = _fields(lines)
    return [
        Misfits(stream, reason, number, fields.get((stream, reason), ()), newest[stream, reason])
        for (stream, reason), number in rows.most_common()
    ]


def _fields(lines: Iterable[Line]) -> dict[tuple[str, str], tuple[str, ...]]:
    found: dict[tuple[str, str], dict[str, None]] = {}
    for line in lines:
        if line.event == "record_invalid" and line.field:
            found.setdefault((line.stream or "", line.reason or ""), {})[line.field] = None
    return {key: tuple(names) for key, names in found.items()}


def of_one_day(read: Read) -> date | None:
    """Return the day that holds all of a reading's window; None if there is none."""
    touched = list(days(read.window)) if read.window and length(read.window) <= 1 else []
    return touched[0] if len(touched) == 1 else None


def length(window: Window) -> float:
    """Return how many days long a window is."""
    return (window.end - window.start) / _DAY
