"""Format durations, sizes, instants and counts for log lines and tables."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_SECOND = timedelta(seconds=1)
_THOUSAND = 1000


def format_duration(duration: timedelta) -> str:
    """Return a duration in seconds: `45 s`, `1:30 min`, `2:05:00 h`; below one `0.2 s`."""
    if timedelta(0) < duration < _SECOND:
        return f"{duration / _SECOND:.1f} s"
    seconds = round(duration / _SECOND)
    if seconds < 60:  # noqa: PLR2004 (seconds of a minute)
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02} h" if hours else f"{minutes}:{seconds:02} min"


def format_bytes(size: float) -> str:
    """Return a size in bytes with a decimal unit: `512 B`, `3.4 MB`; GB is the largest unit."""
    units = iter(("B", "kB", "MB", "GB"))
    unit = next(units)
    while size >= _THOUSAND and (larger := next(units, "")):
        size, unit = size / _THOUSAND, larger
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"


def format_minute(instant: datetime) -> str:
    """Return an instant that is in UTC, to the minute: `2026-03-20 12:00 UTC`."""
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def listed(names: Sequence[str], most: int = 20) -> str:
    """Return names with commas between them; beyond `most` only how many more there are."""
    shown = ", ".join(names[:most])
    more = len(names) - most
    return shown if more <= 0 else f"{shown} and {more:,} more"


def plural(number: int, noun: str) -> str:
    """Return the number and the noun, with an `s` unless the number is 1."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
