"""Parsing and validation of requests of the dashboard's export API."""

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
    """Requested content of an export.

    Attributes:
        table: The table as named in the path.
        start: The first instant.
        end: The last instant, to the millisecond.
        zone: The time zone of its dates.
        allowed_values: The allowed values by column; other columns may have any value.
    """

    table: str
    start: datetime
    end: datetime
    zone: ZoneInfo
    allowed_values: Mapping[str, frozenset[str]]

    @property
    def view(self) -> View:
        """Return the time zone and the filter of the rows."""
        return View(self.zone, self.allowed_values)

    def to_json(self) -> dict[str, str]:
        """Return the fields of the request."""
        return {
            "table": self.table,
            "startDate": instant(self.start),
            "endDate": instant(self.end),
            "timeZone": self.zone.key,
        }


def parse_spec(name: str, body: Mapping[str, Any]) -> TableExportSpec:
    """Parse the body of a submit for the table `name`.

    Raises:
        HTTPException: The API would reject it.
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
    """Parse a date range."""
    bounds = _require_object(value, "dateRange")
    _reject_unknown_fields(bounds, {"startDate", "endDate"}, "dateRange")
    start, end = (_parse_instant(bounds.get(field), field) for field in ("startDate", "endDate"))
    if not start < end:
        raise HTTPException(400, "startDate must be before endDate")
    return start, end


def _parse_instant(value: Any, field: str) -> datetime:
    """Parse an instant."""
    moment = parse_instant(value)
    if moment is None:
        raise HTTPException(400, f"{field} must be a date-time, YYYY-MM-DDTHH:MM:SS.sssZ")
    return moment


def _parse_zone(value: Any) -> ZoneInfo:
    """Parse a time zone."""
    if not isinstance(value, str) or value not in _zones():
        raise HTTPException(400, "timeZone must be an IANA time zone")
    return ZoneInfo(value)


@cache
def _zones() -> Collection[str]:
    """Return the names of all time zones."""
    return frozenset(available_timezones())


def _parse_filters(table: Table, body: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """Parse the allowed values by column; an empty list allows any value."""
    filters = _require_object(body.get("filters", {}), "filters")
    _reject_unknown_fields(filters, table.filters, "filters")
    allowed_values = {
        table.filters[name]: _string_set(value, name) for name, value in filters.items()
    }
    channels = _string_set(body.get("channels", []), "channels")
    if not channels <= set(CHANNELS):
        raise HTTPException(400, f"channels must be among {', '.join(CHANNELS)}")
    return {
        column: texts for column, texts in {**allowed_values, "Channel": channels}.items() if texts
    }


def _string_set(value: Any, field: str) -> frozenset[str]:
    """Parse a list of strings."""
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise HTTPException(400, f"{field} must be a list of strings")
    return frozenset(value)


def _require_object(value: Any, field: str) -> Mapping[str, Any]:
    """Return `value` if it is an object, else raise HTTPException."""
    if not isinstance(value, Mapping):
        raise HTTPException(400, f"{field} must be an object")
    return value


def _reject_unknown_fields(
    body: Mapping[str, Any], allowed: Collection[str], location: str
) -> None:
    """Raise HTTPException for an unknown field."""
    unknown = sorted(set(body) - set(allowed))
    if unknown:
        raise HTTPException(400, f"Unknown field in {location}: {', '.join(unknown)}")
