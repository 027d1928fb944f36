"""Which time a report is about: said outright, or by when it is run."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast
from zoneinfo import ZoneInfo

from tap_cxone.simulator.strict import Rule, mistake, mistakes, one_of
from tap_cxone.simulator.values import EITHER, read_instant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tap_cxone.simulator.strict import Mistake

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


class Range(NamedTuple):
    """The first instant, and the first that is too late."""

    start: datetime
    end: datetime


def range_mistakes(given: Any, place: str) -> Iterator[Mistake]:
    """Yield what is wrong with a `dateRange`."""
    absolute = isinstance(given, dict) and given.get("type") == "absolute"
    found = [*mistakes(given, _ABSOLUTE if absolute else _RELATIVE, f"{place}.")]
    yield from found
    if absolute and not found and not _instant(given["start"]) < _instant(given["end"]):
        yield mistake(f"{place}.end", "must be after start")


def resolved(given: Mapping[str, Any], zone: str, now: datetime) -> Range:
    """Return the time that a `dateRange` without mistakes is about at this moment."""
    if given["type"] == "absolute":
        return Range(_instant(given["start"]), _instant(given["end"]))
    local = ZoneInfo(zone)
    first, last = _DAYS[given["value"]](now.astimezone(local).date())
    start, end = (datetime.combine(day, time(), local).astimezone(UTC) for day in (first, last))
    return Range(start, end)


def _day(today: date) -> tuple[date, date]:
    """Return yesterday, and today."""
    return today - _DAY, today


def _week(today: date) -> tuple[date, date]:
    """Return the Mondays of last week and of this."""
    monday = today - today.weekday() * _DAY
    return monday - _WEEK, monday


def _month(today: date) -> tuple[date, date]:
    """Return the first days of last month and of this."""
    first = today.replace(day=1)
    return (first - _DAY).replace(day=1), first


def _instant(given: Any) -> datetime:
    """Return an instant that is known to be one."""
    return cast("datetime", read_instant(given, EITHER))


_DAYS: Final[Mapping[str, Callable[[date], tuple[date, date]]]] = {
    "previousDay": _day,
    "previousWeek": _week,
    "previousMonth": _month,
}
_INSTANT = Rule(
    lambda given: read_instant(given, EITHER) is not None,
    "must be a date-time, YYYY-MM-DDTHH:MM:SSZ or YYYY-MM-DDTHH:MM:SS.mmmZ",
)
_RELATIVE = {"type": one_of("relative", "absolute"), "value": one_of(*_DAYS)}
_ABSOLUTE = {"type": one_of("absolute"), "start": _INSTANT, "end": _INSTANT}
