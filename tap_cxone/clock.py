"""The only place where time enters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Protocol
from zoneinfo import available_timezones

if TYPE_CHECKING:
    from tap_cxone.signals import SignalHandler


class Clock(Protocol):
    """What the tap knows of time; tests pass one that they turn by hand."""

    def now(self) -> datetime:
        """Return the present instant, in UTC."""

    def sleep(self, duration: timedelta) -> None:
        """Return after `duration`, at once if it is not positive."""


class SystemClock:
    """The machine's clock, whose sleep a signal may end."""

    def __init__(self, signals: SignalHandler) -> None:
        """Sleep only where `interrupts` may raise."""
        self._signals = signals

    def now(self) -> datetime:
        """Return the present instant, in UTC."""
        return datetime.now(UTC)

    def sleep(self, duration: timedelta) -> None:
        """Sleep for `duration`; raises `Interrupted` when a signal arrives."""
        self._signals.wait(max(0.0, duration.total_seconds()))


@cache
def zone_names() -> frozenset[str]:
    """Return the name of every IANA time zone; looked for once, in all files of the database."""
    return frozenset(available_timezones())


def iso(instant: datetime) -> str:
    """Write an instant in the one format of bookmarks and rows: UTC, `+00:00`."""
    return in_utc(instant).isoformat()


def iso_z(instant: datetime, timespec: str = "seconds") -> str:
    """Write an instant as the vendor's request bodies want it: UTC, `Z`, cut to `timespec`."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=timespec) + "Z"


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 date or date-time; without an offset it is UTC.

    Raises:
        ValueError: `text` is neither.
    """
    instant = datetime.fromisoformat(text)
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else in_utc(instant)


def in_utc(instant: datetime) -> datetime:
    """Move an instant to UTC; raises ValueError where its year would leave the calendar."""
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(*error.args) from error
