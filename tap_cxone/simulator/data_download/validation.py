"""Reading a request, as strictly as the API does."""

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
    """Whose interactions alone are wanted."""

    field: str
    id: str


@dataclass(frozen=True, slots=True)
class DownloadSpec:
    """What a data download is to hold, and which page of it.

    Attributes:
        report: The report.
        metrics: The report's own metrics.
        custom: The ids of the custom metrics.
        start: The first instant.
        end: The first instant too late.
        zone: Whose local time days and hours are told in.
        group: Whose interactions alone, if not everybody's.
        group_by: The fields of which each row has other values.
        limit: How many rows the page may hold.
        offset: How many rows stand before it.
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
        """Return the same order for no page."""
        return replace(self, limit=0, offset=0)


def parse_spec(body: Mapping[str, Any], published: Collection[str]) -> DownloadSpec:
    """Return what a request asks for.

    Raises:
        HTTPException: There is no such report.
        NotAccepted: The API would not accept it.
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
    """Return what a body without mistakes asks for."""
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
    """Return an instant that is known to be one."""
    return cast("datetime", parse_instant(value, TO_THE_SECOND))


def _validate_shape(body: Mapping[str, Any]) -> Iterator[FieldError]:
    """Yield what is wrong with a body whichever metrics there are."""
    yield from validate_fields(body, _BODY)
    filters = body.get("filter")
    if not isinstance(filters, Mapping):
        return
    yield from validate_fields(filters, _FILTER, "filter.")
    yield from validate_fields(filters.get("date"), _DATE, "filter.date.")
    if isinstance(filters.get("group"), Mapping):
        yield from validate_fields(filters["group"], _GROUP, "filter.group.")


def _validate_names(body: Mapping[str, Any], published: Collection[str]) -> Iterator[FieldError]:
    """Yield the names that a body's lists hold and that nobody knows."""
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
