"""Dates of the settings that have no time, and are local days of a stream's zone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import structs

from tap_cxone.clock import day_after_last_second, plain_date
from tap_cxone.windows import local_midnight

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from tap_cxone.config.history import HistorySettings

_RANGES = ("skip_windows", "reload")


def find_plain_dates(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the dates without a time of settings as JSON: by setting, and of each time range.

    The dates of a range are under the attributes of its value. The last second of a day of UTC, as
    the end, is the end of that day in any zone.
    """
    names = {"from": "from_", "to": "to"}
    ranges = {key: [_dates(entry, names) for entry in config.get(key) or ()] for key in _RANGES}
    end = day_after_last_second(config.get("end_date"))
    ends = {} if end is None else {"end_date": end}
    dates = _dates(config, {"start_date": "start_date", "end_date": "end_date"})
    return {**ends, **dates, **ranges}


def as_local_days(
    settings: HistorySettings, plain_dates: Mapping[str, Any], zone: ZoneInfo
) -> dict[str, Any]:
    """Return the settings that differ if their plain dates are days of a zone.

    Args:
        settings: The settings with days of UTC.
        plain_dates: What `find_plain_dates` has found.
        zone: The zone.
    """
    days = {name: value for name, value in plain_dates.items() if name not in _RANGES}
    ranges = {name: getattr(settings, name) for name in _RANGES}
    moved = {n: _moved(entries, plain_dates.get(n), zone) for n, entries in ranges.items()}
    return {**_midnights(days, zone), **moved}


def _moved(
    entries: Sequence[Any], plain_dates: Sequence[Mapping[str, date]] | None, zone: ZoneInfo
) -> tuple[Any, ...]:
    pairs = zip(entries, plain_dates or [{}] * len(entries), strict=True)
    return tuple(structs.replace(entry, **_midnights(dates, zone)) for entry, dates in pairs)


def _dates(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, date]:
    dates = {attribute: plain_date(values.get(name)) for name, attribute in names.items()}
    return {attribute: value for attribute, value in dates.items() if value is not None}


def _midnights(days: Mapping[str, date], zone: ZoneInfo) -> dict[str, Any]:
    return {name: local_midnight(day, zone) for name, day in days.items()}
