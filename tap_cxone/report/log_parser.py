"""Parse the lines of audit logs and count those that cannot be parsed."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Struct, field

from tap_cxone.clock import in_utc
from tap_cxone.events.audit_log import EVENTS
from tap_cxone.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LAST_YEAR = 9999  # one day can be added to any earlier instant
Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class NotAnAuditLog(ValueError):
    """A file has lines, but none of them is a line of an audit log."""


class _CommonFields(msgspec.Struct, frozen=True, kw_only=True):
    """Fields of every line, whichever version wrote it."""

    at: Instant
    run: str
    event: str


class Line(_CommonFields, frozen=True, kw_only=True):
    """One line of the log; fields that its event does not have are None or empty."""

    family: str | None = None
    stream: str | None = None
    job_id: str | None = None
    window_start: Instant | None = None
    window_end: Instant | None = None
    version: str | None = None
    streams: tuple[str, ...] = ()
    latency_ms: float | None = None
    state: str | None = None
    reason: str | None = None
    rows: int | None = None
    quarantined: int = 0
    dropped: int | None = None
    bytes: int | None = None
    sha256: str | None = None
    seconds: float | None = None
    columns: tuple[str, ...] = ()
    record_id: str | None = None
    field: str | None = None
    reasons: dict[str, int] = {}
    outcome: str | None = None
    until: Instant | None = None
    failed: tuple[str, ...] = ()
    windows: int = 0
    exports: int = 0
    waiting_seconds: float | None = None
    working_seconds: float | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for an invalid window and for instants at the ends of the calendar."""
        window = self.window
        ends = (window.start, window.end) if window else ()
        for instant in filter(None, (self.at, self.until, *ends)):
            if not 1 < in_utc(instant).year < _LAST_YEAR:
                msg = f"not a year of a log: {instant}"
                raise ValueError(msg)

    @property
    def window(self) -> Window | None:
        """Return the window; None if the line has none, or is about a snapshot."""
        if self.window_start is None or self.window_end is None:
            return None
        if self.window_start == self.window_end:
            return None
        return Window(self.window_start, self.window_end)


_COMMON = msgspec.json.Decoder(_CommonFields)
_LINE = msgspec.json.Decoder(Line)


class Log(Struct, frozen=True):
    """Parsed lines of one or more audit logs.

    Attributes:
        lines: Lines with a known event, in the order they were written.
        unreadable: Number of lines that are not complete lines of an audit log.
        unknown: Number of lines whose event this version does not know, by event.
    """

    lines: tuple[Line, ...] = ()
    unreadable: int = 0
    unknown: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Return the number of lines, without blank ones."""
        return len(self.lines) + self.unreadable + sum(self.unknown.values())


def parse_log(name: str, raw_lines: Iterable[bytes]) -> Log:
    """Parse the lines of the file `name`; blank lines are ignored.

    Raises:
        NotAnAuditLog: The file has lines, but none is a line of an audit log.
    """
    lines: list[Line] = []
    unreadable, unknown = 0, Counter[str]()
    for text in filter(None, map(bytes.strip, raw_lines)):
        try:
            event = _COMMON.decode(text).event
            if event in EVENTS:
                lines.append(_LINE.decode(text))
            else:
                unknown[event] += 1
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            unreadable += 1
    if unreadable and not lines and not unknown:
        msg = (
            f"{name} is not an audit log: tap-cxone wrote none of its {unreadable} lines; pass the "
            "file of audit_log_path"
        )
        raise NotAnAuditLog(msg)
    return Log(tuple(lines), unreadable, unknown)


def merge_logs(logs: Iterable[Log]) -> Log:
    """Return one log with the lines of all logs in chronological order."""
    lines: list[Line] = []
    unreadable, unknown = 0, Counter[str]()
    for log in logs:
        lines += log.lines
        unreadable += log.unreadable
        unknown += Counter(log.unknown)
    return Log(tuple(sorted(lines, key=lambda line: line.at)), unreadable, unknown)
