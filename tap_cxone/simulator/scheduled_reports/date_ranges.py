"""Absolute and relative date ranges of reports."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast
from zoneinfo import ZoneInfo

from tap_cxone.simulator.fake_values import SECOND_OR_MILLISECOND, parse_instant
from tap_cxone.simulator.validation import FieldRule, field_error, one_of, validate_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tap_cxone.simulator.validation import FieldError

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


class DateRange(NamedTuple):
    """Date range with an inclusive start and an exclusive end."""

    start: datetime
    end: datetime


def validate_date_range(date_range: Any, location: str) -> Iterator[FieldError]:
    """Yield the errors of a `dateRange`."""
    absolute = isinstance(date_range, dict) and date_range.get("type") == "absolute"
    errors = [*validate_fields(date_range, _ABSOLUTE if absolute else _RELATIVE, f"{location}.")]
    yield from errors
    if (
        absolute
        and not errors
        and not _parse_instant(date_range["start"]) < _parse_instant(date_range["end"])
    ):
        yield field_error(f"{location}.end", "must be after start")


def resolve_date_range(date_range: Mapping[str, Any], zone: str, now: datetime) -> DateRange:
    """Return the instants of a valid `dateRange`; `now` resolves relative ranges."""
    if date_range["type"] == "absolute":
        return DateRange(_parse_instant(date_range["start"]), _parse_instant(date_range["end"]))
    local = ZoneInfo(zone)
    first, last = _RELATIVE_RANGES[date_range["value"]](now.astimezone(local).date())
    start, end = (datetime.combine(day, time(), local).astimezone(UTC) for day in (first, last))
    return DateRange(start, end)


def _previous_day(today: date) -> tuple[date, date]:
    """Return yesterday and today."""
    return today - _DAY, today


def _previous_week(today: date) -> tuple[date, date]:
    """Return the Mondays of the last and of the current week."""
    monday = today - today.weekday() * _DAY
    return monday - _WEEK, monday


def _previous_month(today: date) -> tuple[date, date]:
    """Return the first days of the last and of the current month."""
    first = today.replace(day=1)
    return (first - _DAY).replace(day=1), first


def _parse_instant(value: Any) -> datetime:
    """Return the instant of a validated value."""
    return cast("datetime", parse_instant(value, SECOND_OR_MILLISECOND))


_RELATIVE_RANGES: Final[Mapping[str, Callable[[date], tuple[date, date]]]] = {
    "previousDay": _previous_day,
    "previousWeek": _previous_week,
    "previousMonth": _previous_month,
}
_INSTANT = FieldRule(
    lambda value: parse_instant(value, SECOND_OR_MILLISECOND) is not None,
    "must be a date-time, YYYY-MM-DDTHH:MM:SSZ or YYYY-MM-DDTHH:MM:SS.mmmZ",
)
_RELATIVE = {"type": one_of("relative", "absolute"), "value": one_of(*_RELATIVE_RANGES)}
_ABSOLUTE = {"type": one_of("absolute"), "start": _INSTANT, "end": _INSTANT}
