"""Reading a request, as strictly as the API does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from tap_cxone.simulator.scheduled_reports.figures import DIMENSIONS, METRICS
from tap_cxone.simulator.scheduled_reports.ranges import range_mistakes
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
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cxone.simulator.rows import Row
    from tap_cxone.simulator.scheduled_reports.figures import ReportType
    from tap_cxone.simulator.strict import Mistake

    Operator = Literal["in", "notIn", "eq"]

_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")


class Filter(NamedTuple):
    """Which contacts alone are wanted, or are not."""

    dimension: str
    values: frozenset[str]
    operator: Operator

    def wants(self, contact: Row) -> bool:
        """Return whether a contact counts."""
        return (contact[self.dimension] in self.values) != (self.operator == "notIn")


@dataclass(frozen=True, slots=True)
class Report:
    """What a report is to hold.

    Attributes:
        type: What kind of contacts it is about.
        metrics: Their figures.
        dimensions: What it tells of whom they are.
        filters: Which of them count.
        grouping: The dimensions of which each row has other values; if none, all.
    """

    type: ReportType
    metrics: tuple[str, ...]
    dimensions: tuple[str, ...]
    filters: tuple[Filter, ...] = ()
    grouping: tuple[str, ...] = ()


def check_schedule(body: Mapping[str, Any]) -> None:
    """Let a schedule pass that the API accepts.

    Raises:
        NotAccepted: It would not.
    """
    found = [
        *mistakes(body, _BODY),
        *mistakes(body.get("schedule"), _SCHEDULE, "schedule."),
        *_report_mistakes(body.get("report")),
        *mistakes(body.get("delivery"), _DELIVERY, "delivery."),
    ]
    if found:
        raise NotAccepted(found)


def check_run(body: Mapping[str, Any]) -> None:
    """Let what a run is ordered with pass, if the API accepts it.

    Raises:
        NotAccepted: It would not.
    """
    found = [*mistakes(body, _RUN)]
    if "dateRange" in body:
        found += range_mistakes(body["dateRange"], "dateRange")
    if found:
        raise NotAccepted(found)


def read_report(body: Mapping[str, Any]) -> Report:
    """Return the report of a schedule without mistakes."""
    given = body["report"]
    return Report(
        type=given["type"],
        metrics=tuple(given["metrics"]),
        dimensions=tuple(given["dimensions"]),
        filters=tuple(
            Filter(one["dimension"], frozenset(one["values"]), one["operator"])
            for one in given["filters"]
        ),
        grouping=tuple(given["grouping"]),
    )


def _report_mistakes(given: Any) -> Iterator[Mistake]:
    """Yield what is wrong with a report."""
    yield from mistakes(given, _REPORT, "report.")
    if not isinstance(given, Mapping):
        return
    if isinstance(given.get("dateRange"), Mapping):
        yield from range_mistakes(given["dateRange"], "report.dateRange")
    for place, one in enumerate(_listed(given.get("filters"))):
        yield from _filter_mistakes(one, f"report.filters[{place}]")
    for metric in _unknown_metrics(given):
        yield mistake("report.metrics", f"has {metric}, which a report of this type has not")
    dimensions = _listed(given.get("dimensions"))
    for dimension in _listed(given.get("grouping")):
        if dimension not in dimensions:
            yield mistake("report.grouping", f"has {dimension}, which is not among the dimensions")


def _filter_mistakes(given: Any, place: str) -> Iterator[Mistake]:
    """Yield what is wrong with a filter."""
    yield from mistakes(given, _FILTER, f"{place}.")
    equals = isinstance(given, Mapping) and given.get("operator") == "eq"
    if equals and len(_listed(given.get("values"))) > 1:
        yield mistake(f"{place}.values", "must hold one value")


def _unknown_metrics(given: Mapping[str, Any]) -> list[Any]:
    """Return the metrics that a type of report has not, where the type is one."""
    report_type = given.get("type")
    if not isinstance(report_type, str) or report_type not in METRICS:
        return []
    known = METRICS[cast("ReportType", report_type)]
    return [metric for metric in _listed(given.get("metrics")) if metric not in known]


def _listed(given: Any) -> list[Any]:
    """Return a list as it is, anything else as an empty one."""
    return given if isinstance(given, list) else []


_SOME = Rule(lambda given: isinstance(given, list) and given != [], "must not be empty")
_NAMES = list_of(TEXT)
_SOME_NAMES = Rule(
    lambda given: _SOME.keeps(given) and _NAMES.keeps(given), f"{_NAMES.saying}, and not empty"
)
_DIMENSION = one_of(*DIMENSIONS)
_BODY = {"name": TEXT, "schedule": OBJECT, "report": OBJECT, "delivery": OBJECT}
_SCHEDULE = {
    "type": one_of("daily", "weekly", "monthly"),
    "time": Rule(
        lambda given: isinstance(given, str) and _TIME.fullmatch(given) is not None,
        "must be a time of day, HH:MM",
    ),
    "timezone": ZONE,
}
_REPORT = {
    "type": one_of(*METRICS),
    "metrics": _SOME_NAMES,
    "dimensions": list_of(_DIMENSION),
    "filters": list_of(OBJECT),
    "dateRange": OBJECT,
    "grouping": list_of(_DIMENSION),
}
_FILTER = {
    "dimension": _DIMENSION,
    "values": _SOME_NAMES,
    "operator": one_of("in", "notIn", "eq"),
}
_DELIVERY = {"type": one_of("api")}
_RUN = {"dateRange": Rule(lambda given: given is None or OBJECT.keeps(given), OBJECT.saying)}
