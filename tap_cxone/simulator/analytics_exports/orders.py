"""Reading a request, as strictly as the API does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, cast

from tap_cxone.simulator.rows import View
from tap_cxone.simulator.strict import (
    BOOLEAN,
    OBJECT,
    NotAccepted,
    Rule,
    mistake,
    mistakes,
    one_of,
)
from tap_cxone.simulator.values import instant, read_instant

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    Format = Literal["json", "csv"]

LONGEST = timedelta(days=30)
WORDS = ("queued", "running", "completed", "failed")
_TYPES = ("conversation", "interaction", "intent")
_FORMATS = ("json", "csv")
_CONDITION = re.compile(r"([A-Za-z_][A-Za-z0-9_]*) eq '([^']*)'")
_FILTER = re.compile(rf"{_CONDITION.pattern}(?: and {_CONDITION.pattern})*")


@dataclass(frozen=True, slots=True)
class Order:
    """What an export is to hold, and how.

    Attributes:
        start: The first instant.
        end: The last instant, to the millisecond.
        filter: Which rows, in the words of the request.
        export_type: Which kind of export.
        format: The format of its file.
        gzip: Whether the file is to be compressed.
        headers: Whether a CSV file is to have a header.
    """

    start: datetime
    end: datetime
    filter: str
    export_type: str = "conversation"
    format: Format = "json"
    gzip: bool = False
    headers: bool = True

    @property
    def view(self) -> View:
        """Return how it looks at the rows."""
        return View(wanted=_wanted(self.filter))

    def query(self) -> dict[str, str]:
        """Return what it asks for, in the words of its request."""
        return {
            "dateFrom": instant(self.start),
            "dateTo": instant(self.end),
            "filter": self.filter,
        }

    def shown(self) -> dict[str, Any]:
        """Return the order in the words of its request."""
        return {
            "exportType": self.export_type,
            "format": self.format,
            "compression": "gzip" if self.gzip else None,
            "query": self.query(),
        }


def read_order(body: Mapping[str, Any]) -> Order:
    """Return what a submit asks for.

    Raises:
        NotAccepted: The API would not accept it.
    """
    query = body.get("query")
    inner = query if isinstance(query, Mapping) else {}
    found = [*mistakes(body, _BODY), *mistakes(inner, _QUERY, "query.")]
    if found:
        raise NotAccepted(found)
    order = Order(
        start=cast("datetime", read_instant(inner["dateFrom"])),
        end=cast("datetime", read_instant(inner["dateTo"])),
        filter=inner["filter"],
        export_type=body["exportType"],
        format=body["format"],
        gzip=body.get("compression") is not None,
        headers=body["includeHeaders"],
    )
    _check_range(order)
    return order


def read_words(given: str | None) -> Collection[str]:
    """Return the words for a status that a list is narrowed to.

    Raises:
        NotAccepted: There is no such word.
    """
    words = WORDS if given is None else given.split(",")
    if not set(words) <= set(WORDS):
        raise NotAccepted([mistake("status", f"must be among {', '.join(WORDS)}")])
    return words


def _check_range(order: Order) -> None:
    """Refuse a range that is empty or too long."""
    if not order.start < order.end:
        raise NotAccepted([mistake("query.dateTo", "must be after dateFrom")])
    if order.end - order.start > LONGEST:
        raise NotAccepted(
            [mistake("query.dateTo", f"must be at most {LONGEST.days} days after dateFrom")]
        )


def _wanted(text: str) -> dict[str, frozenset[str]]:
    """Return the values that a filter lets pass, by field; none where it contradicts itself."""
    wanted: dict[str, frozenset[str]] = {}
    for field, value in _CONDITION.findall(text):
        texts = frozenset({value})
        wanted[field] = wanted.get(field, texts) & texts
    return wanted


_DATE = Rule(
    lambda given: read_instant(given) is not None, "must be a date-time, YYYY-MM-DDTHH:MM:SS.mmmZ"
)
_BODY = {
    "query": OBJECT,
    "exportType": one_of(*_TYPES),
    "format": one_of(*_FORMATS),
    "compression": one_of("gzip", None),
    "includeHeaders": BOOLEAN,
}
_QUERY = {
    "dateFrom": _DATE,
    "dateTo": _DATE,
    "filter": Rule(
        lambda given: isinstance(given, str) and _FILTER.fullmatch(given) is not None,
        "must be <field> eq '<value>', or several of these joined by and",
    ),
}
