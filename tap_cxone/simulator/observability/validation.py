"""Reading an export's body, as strictly as the API does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

from starlette.exceptions import HTTPException

from tap_cxone.simulator.fake_values import instant, parse_instant
from tap_cxone.simulator.observability.tables import TABLES
from tap_cxone.simulator.rows import View

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from tap_cxone.simulator.observability.tables import Table

CHANNELS = ("digital", "voice")


@dataclass(frozen=True, slots=True)
class TableExportSpec:
    """What an export is to hold.

    Attributes:
        table: The table, as its path names it.
        start: The first instant.
        end: The last instant, to the millisecond.
        zone: The time zone that its dates are written in.
        wanted: The values that may stand in a column, where not any will do.
    """

    table: str
    start: datetime
    end: datetime
    zone: ZoneInfo
    allowed_values: Mapping[str, frozenset[str]]

    @property
    def view(self) -> View:
        """Return how it looks at the table's rows."""
        return View(self.zone, self.allowed_values)

    def to_json(self) -> dict[str, str]:
        """Return the order in the words of its request."""
        return {
            "table": self.table,
            "startDate": instant(self.start),
            "endDate": instant(self.end),
            "timeZone": self.zone.key,
        }


def parse_spec(name: str, body: Mapping[str, Any]) -> TableExportSpec:
    """Return what a submit for the table `name` asks for.

    Raises:
        HTTPException: The API would not accept it.
    """
    table = TABLES[name]
    allowed_fields = {"dateRange", "timeZone"}
    allowed_fields |= {"channels"} if table.by_channel else set()
    allowed_fields |= {"filters"} if table.filters else set()
    _reject_unknown_fields(body, allowed_fields, "the body")
    start, end = _parse_range(body.get("dateRange"))
    return TableExportSpec(
        name, start, end, _parse_zone(body.get("timeZone")), _parse_filters(table, body)
    )


def _parse_range(value: Any) -> tuple[datetime, datetime]:
    """Return the two ends of a date range."""
    bounds = _require_object(value, "dateRange")
    _reject_unknown_fields(bounds, {"startDate", "endDate"}, "dateRange")
    start, end = (_parse_instant(bounds.get(field), field) for field in ("startDate", "endDate"))
    if not start < end:
        raise HTTPException(400, "startDate must be before endDate")
    return start, end


def _parse_instant(value: Any, field: str) -> datetime:
    """Return an instant."""
    moment = parse_instant(value)
    if moment is None:
        raise HTTPException(400, f"{field} must be a date-time, YYYY-MM-DDTHH:MM:SS.sssZ")
    return moment


def _parse_zone(value: Any) -> ZoneInfo:
    """Return a time zone."""
    if not isinstance(value, str) or value not in _zones():
        raise HTTPException(400, "timeZone must be an IANA time zone")
    return ZoneInfo(value)


@cache
def _zones() -> Collection[str]:
    """Return the time zones that there are."""
    return frozenset(available_timezones())


def _parse_filters(table: Table, body: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """Return the values asked for, by column; an empty list asks for any."""
    filters = _require_object(body.get("filters", {}), "filters")
    _reject_unknown_fields(filters, table.filters, "filters")
    allowed_values = {
        table.filters[name]: _string_set(given, name) for name, given in filters.items()
    }
    channels = _string_set(body.get("channels", []), "channels")
    if not channels <= set(CHANNELS):
        raise HTTPException(400, f"channels must be among {', '.join(CHANNELS)}")
    return {
        column: texts for column, texts in {**allowed_values, "Channel": channels}.items() if texts
    }


def _string_set(value: Any, field: str) -> frozenset[str]:
    """Return a list of texts."""
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise HTTPException(400, f"{field} must be a list of strings")
    return frozenset(value)


def _require_object(value: Any, field: str) -> Mapping[str, Any]:
    """Return an object."""
    if not isinstance(value, Mapping):
        raise HTTPException(400, f"{field} must be an object")
    return value


def _reject_unknown_fields(
    body: Mapping[str, Any], allowed: Collection[str], location: str
) -> None:
    """Refuse a field that does not exist."""
    unknown = sorted(set(body) - set(allowed))
    if unknown:
        raise HTTPException(400, f"Unknown field in {location}: {', '.join(unknown)}")
