"""Reading an export's body, as strictly as the API does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

from starlette.exceptions import HTTPException

from tap_cxone.simulator.observability.tables import TABLES
from tap_cxone.simulator.rows import View
from tap_cxone.simulator.values import instant, read_instant

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from tap_cxone.simulator.observability.tables import Table

CHANNELS = ("digital", "voice")


@dataclass(frozen=True, slots=True)
class Order:
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
    wanted: Mapping[str, frozenset[str]]

    @property
    def view(self) -> View:
        """Return how it looks at the table's rows."""
        return View(self.zone, self.wanted)

    def shown(self) -> dict[str, str]:
        """Return the order in the words of its request."""
        return {
            "table": self.table,
            "startDate": instant(self.start),
            "endDate": instant(self.end),
            "timeZone": self.zone.key,
        }


def read_order(name: str, body: Mapping[str, Any]) -> Order:
    """Return what a submit for the table `name` asks for.

    Raises:
        HTTPException: The API would not accept it.
    """
    table = TABLES[name]
    known = {"dateRange", "timeZone"}
    known |= {"channels"} if table.by_channel else set()
    known |= {"filters"} if table.filters else set()
    _only(body, known, "the body")
    start, end = _range(body.get("dateRange"))
    return Order(name, start, end, _zone(body.get("timeZone")), _wanted(table, body))


def _range(given: Any) -> tuple[datetime, datetime]:
    """Return the two ends of a date range."""
    bounds = _object(given, "dateRange")
    _only(bounds, {"startDate", "endDate"}, "dateRange")
    start, end = (_instant(bounds.get(field), field) for field in ("startDate", "endDate"))
    if not start < end:
        raise HTTPException(400, "startDate must be before endDate")
    return start, end


def _instant(given: Any, field: str) -> datetime:
    """Return an instant."""
    moment = read_instant(given)
    if moment is None:
        raise HTTPException(400, f"{field} must be a date-time, YYYY-MM-DDTHH:MM:SS.sssZ")
    return moment


def _zone(given: Any) -> ZoneInfo:
    """Return a time zone."""
    if not isinstance(given, str) or given not in _zones():
        raise HTTPException(400, "timeZone must be an IANA time zone")
    return ZoneInfo(given)


@cache
def _zones() -> Collection[str]:
    """Return the time zones that there are."""
    return frozenset(available_timezones())


def _wanted(table: Table, body: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """Return the values asked for, by column; an empty list asks for any."""
    filters = _object(body.get("filters", {}), "filters")
    _only(filters, table.filters, "filters")
    wanted = {table.filters[name]: _texts(given, name) for name, given in filters.items()}
    channels = _texts(body.get("channels", []), "channels")
    if not channels <= set(CHANNELS):
        raise HTTPException(400, f"channels must be among {', '.join(CHANNELS)}")
    return {column: texts for column, texts in {**wanted, "Channel": channels}.items() if texts}


def _texts(given: Any, field: str) -> frozenset[str]:
    """Return a list of texts."""
    if not isinstance(given, list) or not all(isinstance(text, str) for text in given):
        raise HTTPException(400, f"{field} must be a list of strings")
    return frozenset(given)


def _object(given: Any, field: str) -> Mapping[str, Any]:
    """Return an object."""
    if not isinstance(given, Mapping):
        raise HTTPException(400, f"{field} must be an object")
    return given


def _only(given: Mapping[str, Any], known: Collection[str], place: str) -> None:
    """Refuse a field that does not exist."""
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise HTTPException(400, f"Unknown field in {place}: {', '.join(unknown)}")
