"""Parsing and validation of requests of the data download API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from starlette.exceptions import HTTPException

from tap_cxone.simulator.fake_values import TO_THE_SECOND, parse_instant
from tap_cxone.simulator.validation import (
    OBJECT,
    TEXT,
    ZONE,
    FieldRule,
    InvalidRequest,
    field_error,
    integer,
    list_of,
    one_of,
    optional,
    validate_fields,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from tap_cxone.simulator.validation import FieldError

REPORTS: Final = ("Interaction/Call", "Agent/Performance")
COUNTS: Final = ("interactions",)
TIMES: Final = ("duration", "holdTime", "wrapUpTime", "talkTime")
FIELDS: Final = ("interactionId", "agentId", "dispositionCode", "queueId", "date", "hour")
MAX_PAGE_SIZE: Final = 10_000
_GROUPS: Final = {"queue": "queueId", "agent": "agentId"}
_SECOND = timedelta(seconds=1)


class Group(NamedTuple):
    """Restriction of a download to one agent or queue."""

    field: str
    id: str


@dataclass(frozen=True, slots=True)
class DownloadSpec:
    """Requested content and page of a data download.

    Attributes:
        report: The report.
        metrics: The standard metrics of the report.
        custom: The ids of the custom metrics.
        start: The first instant.
        end: The exclusive end.
        zone: The zone of days and hours.
        group: The agent or queue of the interactions; None for all.
        group_by: The fields that identify a row.
        limit: Maximum number of rows of the page.
        offset: Number of rows before the page.
    """

    report: str
    metrics: tuple[str, ...]
    custom: tuple[str, ...]
    start: datetime
    end: datetime
    zone: str
    group: Group | None
    group_by: tuple[str, ...]
    limit: int = 0
    offset: int = 0

    @property
    def window(self) -> DownloadSpec:
        """Return the spec without limit and offset."""
        return replace(self, limit=0, offset=0)


def parse_spec(body: Mapping[str, Any], published: Collection[str]) -> DownloadSpec:
    """Parse the body of a request.

    Raises:
        HTTPException: The report does not exist.
        InvalidRequest: The API would reject it.
    """
    report = body.get("report")
    if isinstance(report, str) and report not in REPORTS:
        raise HTTPException(404, f"There is no report {report}")
    errors = [*_validate_shape(body), *_validate_names(body, published)]
    if errors:
        raise InvalidRequest(errors)
    spec = _build_spec(body)
    if not spec.start < spec.end - _SECOND:
        raise InvalidRequest([field_error("filter.date.to", "must be after from")])
    return spec


def _build_spec(body: Mapping[str, Any]) -> DownloadSpec:
    """Return the spec of a valid body."""
    filters, dates = body["filter"], body["filter"]["date"]
    group = filters.get("group")
    return DownloadSpec(
        report=body["report"],
        metrics=tuple(body["metrics"]),
        custom=tuple(body["customMetrics"]),
        start=_parse_instant(dates["from"]),
        end=_parse_instant(dates["to"]) + _SECOND,
        zone=filters["timeZone"],
        group=group and Group(_GROUPS[group["type"]], group["id"]),
        group_by=tuple(body["groupBy"]),
        limit=body["limit"],
        offset=body["offset"],
    )


def _parse_instant(value: Any) -> datetime:
    """Return the instant of a validated value."""
    return cast("datetime", parse_instant(value, TO_THE_SECOND))


def _validate_shape(body: Mapping[str, Any]) -> Iterator[FieldError]:
    """Yield the errors of a body that do not depend on the published metrics."""
    yield from validate_fields(body, _BODY)
    filters = body.get("filter")
    if not isinstance(filters, Mapping):
        return
    yield from validate_fields(filters, _FILTER, "filter.")
    yield from validate_fields(filters.get("date"), _DATE, "filter.date.")
    if isinstance(filters.get("group"), Mapping):
        yield from validate_fields(filters["group"], _GROUP, "filter.group.")


def _validate_names(body: Mapping[str, Any], published: Collection[str]) -> Iterator[FieldError]:
    """Yield the errors of unknown names in the lists of a body."""
    allowed_names = {"metrics": (*TIMES, *COUNTS), "customMetrics": published, "groupBy": FIELDS}
    for field, names in allowed_names.items():
        value = body.get(field)
        for name in value if isinstance(value, list) else ():
            if isinstance(name, str) and name not in names:
                yield field_error(field, f"has no {name}")


_NAMES = list_of(TEXT)
_BODY = {
    "report": TEXT,
    "metrics": _NAMES,
    "customMetrics": _NAMES,
    "filter": OBJECT,
    "groupBy": _NAMES,
    "limit": integer(1, MAX_PAGE_SIZE),
    "offset": integer(0),
}
_FILTER = {
    "date": OBJECT,
    "timeZone": ZONE,
    "group": optional(OBJECT),
}
_INSTANT = FieldRule(
    lambda value: parse_instant(value, TO_THE_SECOND) is not None,
    "must be a date-time, YYYY-MM-DDTHH:MM:SSZ",
)
_DATE = {"from": _INSTANT, "to": _INSTANT}
_GROUP = {"type": one_of(*_GROUPS), "id": TEXT}
