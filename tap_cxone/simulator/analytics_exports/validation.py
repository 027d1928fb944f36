"""Parsing and validation of requests of the Analytics Exports API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, cast

from tap_cxone.simulator.fake_values import instant, parse_instant
from tap_cxone.simulator.rows import View
from tap_cxone.simulator.validation import (
    BOOLEAN,
    OBJECT,
    FieldRule,
    InvalidRequest,
    field_error,
    one_of,
    validate_fields,
)

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    Format = Literal["json", "csv"]

MAX_RANGE = timedelta(days=30)
API_STATUSES = ("queued", "running", "completed", "failed")
_TYPES = ("conversation", "interaction", "intent")
_FORMATS = ("json", "csv")
_CONDITION = re.compile(r"([A-Za-z_][A-Za-z0-9_]*) eq '([^']*)'")
_FILTER = re.compile(rf"{_CONDITION.pattern}(?: and {_CONDITION.pattern})*")


@dataclass(frozen=True, slots=True)
class ExportSpec:
    """Requested content and format of an export.

    Attributes:
        start: The first instant.
        end: The last instant, to the millisecond.
        filter: The filter expression of the request.
        export_type: The kind of export.
        format: The format of the file.
        gzip: True if the file is compressed.
        headers: True if a CSV file has a header.
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
        """Return the filter on the rows."""
        return View(allowed_values=_allowed_values(self.filter))

    def query(self) -> dict[str, str]:
        """Return the field `query` of the request."""
        return {
            "dateFrom": instant(self.start),
            "dateTo": instant(self.end),
            "filter": self.filter,
        }

    def to_json(self) -> dict[str, Any]:
        """Return the fields of the request."""
        return {
            "exportType": self.export_type,
            "format": self.format,
            "compression": "gzip" if self.gzip else None,
            "query": self.query(),
        }


def parse_spec(body: Mapping[str, Any]) -> ExportSpec:
    """Parse the body of a submit.

    Raises:
        InvalidRequest: The API would reject it.
    """
    query = body.get("query")
    inner = query if isinstance(query, Mapping) else {}
    errors = [*validate_fields(body, _BODY), *validate_fields(inner, _QUERY, "query.")]
    if errors:
        raise InvalidRequest(errors)
    spec = ExportSpec(
        start=cast("datetime", parse_instant(inner["dateFrom"])),
        end=cast("datetime", parse_instant(inner["dateTo"])),
        filter=inner["filter"],
        export_type=body["exportType"],
        format=body["format"],
        gzip=body.get("compression") is not None,
        headers=body["includeHeaders"],
    )
    _check_range(spec)
    return spec


def parse_statuses(query: str | None) -> Collection[str]:
    """Parse the status filter of a list; all statuses without a filter.

    Raises:
        InvalidRequest: A status is unknown.
    """
    statuses = API_STATUSES if query is None else query.split(",")
    if not set(statuses) <= set(API_STATUSES):
        raise InvalidRequest([field_error("status", f"must be among {', '.join(API_STATUSES)}")])
    return statuses


def _check_range(spec: ExportSpec) -> None:
    """Raise InvalidRequest for a range that is empty or too long."""
    if not spec.start < spec.end:
        raise InvalidRequest([field_error("query.dateTo", "must be after dateFrom")])
    if spec.end - spec.start > MAX_RANGE:
        raise InvalidRequest(
            [field_error("query.dateTo", f"must be at most {MAX_RANGE.days} days after dateFrom")]
        )


def _allowed_values(text: str) -> dict[str, frozenset[str]]:
    """Return the values allowed by a filter, by field; a contradiction allows none."""
    allowed: dict[str, frozenset[str]] = {}
    for field, value in _CONDITION.findall(text):
        texts = frozenset({value})
        allowed[field] = allowed.get(field, texts) & texts
    return allowed


_DATE = FieldRule(
    lambda value: parse_instant(value) is not None, "must be a date-time, YYYY-MM-DDTHH:MM:SS.mmmZ"
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
    "filter": FieldRule(
        lambda value: isinstance(value, str) and _FILTER.fullmatch(value) is not None,
        "must be <field> eq '<value>', or several of these joined by and",
    ),
}
