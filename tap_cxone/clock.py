"""Clock of the run and conversion of instants; only this module reads the system time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo, available_timezones

from typing_extensions import override

if TYPE_CHECKING:
    from tap_cxone.signals import SignalHandler


_UTC_OFFSET = r"(?i)z|utc|(?:utc|gmt)?[+-]00?(?::?00)?"
_LAST_SECOND = (23, 59, 59)
_COMPARED_MONTHS = [(year, month) for year in range(2000, 2038) for month in range(1, 13)]


class Clock(Protocol):
    """Source of time for the tap; tests pass a clock that they control."""

    def now(self) -> datetime:
        """Return the present instant, in UTC."""

    def sleep(self, duration: timedelta) -> None:
        """Wait for `duration`; return immediately if it is not positive."""


class SystemClock:
    """System clock; a signal ends its sleep."""

    def __init__(self, signals: SignalHandler) -> None:
        """Store the signal handler that performs the sleep."""
        self._signals = signals

    def now(self) -> datetime:
        """Return the present instant, in UTC."""
        return datetime.now(UTC)

    def sleep(self, duration: timedelta) -> None:
        """Wait for `duration`; raises `Interrupted` when a signal arrives."""
        self._signals.wait(max(0.0, duration.total_seconds()))


@dataclass(slots=True)
class OffsetClock(Clock):
    """Clock of a server, read on this machine.

    Attributes:
        clock: Clock of this machine.
        offset: The server's time minus that of this machine.
    """

    clock: Clock
    offset: timedelta = timedelta(0)

    @override
    def now(self) -> datetime:
        return self.clock.now() + self.offset

    @override
    def sleep(self, duration: timedelta) -> None:
        self.clock.sleep(duration)


@cache
def zone_names() -> frozenset[str]:
    """Return the names of all IANA time zones; cached, because it scans the whole database."""
    return frozenset(available_timezones())


def time_zone(name: str | None) -> ZoneInfo | None:
    """Return the time zone of an IANA name or of a Windows name; None if it is neither.

    Args:
        name: Such as `America/New_York`, or `Eastern Standard Time` as Windows calls it. `Z` and
            an offset of zero are UTC.
    """
    if name is None:
        return None
    if name in zone_names():
        return ZoneInfo(name)
    if re.fullmatch(_UTC_OFFSET, name):
        return ZoneInfo("UTC")
    from tzlocal.windows_tz import win_tz

    return ZoneInfo(win_tz[name]) if name in win_tz else None


def is_same_zone(zone: ZoneInfo | None, other: ZoneInfo | None) -> bool:
    """Return True if two zones have the same offsets since 2000, such as two names of one zone."""
    if zone is None or other is None:
        return False
    instants = (datetime(year, month, 1, tzinfo=UTC) for year, month in _COMPARED_MONTHS)
    return zone.key == other.key or all(
        at.astimezone(zone).utcoffset() == at.astimezone(other).utcoffset() for at in instants
    )


def iso(instant: datetime) -> str:
    """Return an instant in the format of bookmarks and records: ISO 8601, UTC, `+00:00`."""
    return in_utc(instant).isoformat()


def iso_z(instant: datetime, timespec: str = "seconds") -> str:
    """Return an instant in the format of the API's request bodies: UTC, `Z`, cut to `timespec`."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=timespec) + "Z"


def parse_instant(text: str) -> datetime:
    """Parse an ISO 8601 date or date-time; without an offset it is in UTC.

    Raises:
        ValueError: `text` is neither.
    """
    instant = datetime.fromisoformat(text)
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else in_utc(instant)


def plain_date(text: Any) -> date | None:
    """Return the date of an ISO 8601 date without a time; None for any other value."""
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        return None


def day_after_last_second(text: Any) -> date | None:
    """Return the date after that of the last second of a UTC day; None for any other value."""
    try:
        instant = parse_instant(text)
    except (TypeError, ValueError):
        return None
    is_last = (instant.hour, instant.minute, instant.second) == _LAST_SECOND
    return instant.date() + timedelta(days=1) if is_last else None


def in_utc(instant: datetime) -> datetime:
    """Return an instant in UTC; raises ValueError if its year is outside of the calendar."""
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(*error.args) from error
