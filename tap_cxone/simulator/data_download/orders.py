"""Reading a request, as strictly as the API does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from starlette.exceptions import HTTPException

from tap_cxone.simulator.strict import (
    OBJECT,
    TEXT,
    ZONE,
    NotAccepted,
    Rule,
    list_of,
    mistake,
    mistakes,
    one_of,
    optional,
    whole,
)
from tap_cxone.simulator.values import TO_THE_SECOND, read_instant

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from tap_cxone.simulator.strict import Mistake

REPORTS: Final = ("Interaction/Call", "Agent/Performance")
COUNTS: Final = ("interactions",)
TIMES: Final = ("duration", "holdTime", "wrapUpTime", "talkTime")
FIELDS: Final = ("interactionId", "agentId", "dispositionCode", "queueId", "date", "hour")
LONGEST_PAGE: Final = 10_000
_GROUPS: Final = {"queue": "queueId", "agent": "agentId"}
_SECOND = timedelta(seconds=1)


class Group(NamedTuple):
    """Whose interactions alone are wanted."""

    field: str
    id: str


@dataclass(frozen=True, slots=True)
class Order:
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
    def window(self) -> Order:
        """Return the same order for no page."""
        return replace(self, limit=0, offset=0)


def read_order(body: Mapping[str, Any], published: Collection[str]) -> Order:
    """Return what a request asks for.

    Raises:
        HTTPException: There is no such report.
        NotAccepted: The API would not accept it.
    """
    report = body.get("report")
    if isinstance(report, str) and report not in REPORTS:
        raise HTTPException(404, f"There is no report {report}")
    found = [*_shape(body), *_unknown(body, published)]
    if found:
        raise NotAccepted(found)
    order = _order(body)
    if not order.start < order.end - _SECOND:
        raise NotAccepted([mistake("filter.date.to", "must be after from")])
    return order


def _order(body: Mapping[str, Any]) -> Order:
    """Return what a body without mistakes asks for."""
    wanted, dates = body["filter"], body["filter"]["date"]
    group = wanted.get("group")
    return Order(
        report=body["report"],
        metrics=tuple(body["metrics"]),
        custom=tuple(body["customMetrics"]),
        start=_instant(dates["from"]),
        end=_instant(dates["to"]) + _SECOND,
        zone=wanted["timeZone"],
        group=group and Group(_GROUPS[group["type"]], group["id"]),
        group_by=tuple(body["groupBy"]),
        limit=body["limit"],
        offset=body["offset"],
    )


def _instant(given: Any) -> datetime:
    """Return an instant that is known to be one."""
    return cast("datetime", read_instant(given, TO_THE_SECOND))


def _shape(body: Mapping[str, Any]) -> Iterator[Mistake]:
    """Yield what is wrong with a body whichever metrics there are."""
    yield from mistakes(body, _BODY)
    wanted = body.get("filter")
    if not isinstance(wanted, Mapping):
        return
    yield from mistakes(wanted, _FILTER, "filter.")
    yield from mistakes(wanted.get("date"), _DATE, "filter.date.")
    if isinstance(wanted.get("group"), Mapping):
        yield from mistakes(wanted["group"], _GROUP, "filter.group.")


def _unknown(body: Mapping[str, Any], published: Collection[str]) -> Iterator[Mistake]:
    """Yield the names that a body's lists hold and that nobody knows."""
    known = {"metrics": (*TIMES, *COUNTS), "customMetrics": published, "groupBy": FIELDS}
    for field, names in known.items():
        given = body.get(field)
        for name in given if isinstance(given, list) else ():
            if isinstance(name, str) and name not in names:
                yield mistake(field, f"has no {name}")


_NAMES = list_of(TEXT)
_BODY = {
    "report": TEXT,
    "metrics": _NAMES,
    "customMetrics": _NAMES,
    "filter": OBJECT,
    "groupBy": _NAMES,
    "limit": whole(1, LONGEST_PAGE),
    "offset": whole(0),
}
_FILTER = {
    "date": OBJECT,
    "timeZone": ZONE,
    "group": optional(OBJECT),
}
_INSTANT = Rule(
    lambda given: read_instant(given, TO_THE_SECOND) is not None,
    "must be a date-time, YYYY-MM-DDTHH:MM:SSZ",
)
_DATE = {"from": _INSTANT, "to": _INSTANT}
_GROUP = {"type": one_of(*_GROUPS), "id": TEXT}
