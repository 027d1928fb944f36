"""Parsing and validation of requests of the scheduled reports API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from tap_cxone.simulator.scheduled_reports.contacts import DIMENSIONS, METRICS
from tap_cxone.simulator.scheduled_reports.date_ranges import validate_date_range
from tap_cxone.simulator.validation import (
    OBJECT,
    TEXT,
    ZONE,
    FieldRule,
    InvalidRequest,
    field_error,
    list_of,
    one_of,
    validate_fields,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cxone.simulator.rows import Row
    from tap_cxone.simulator.scheduled_reports.contacts import ReportType
    from tap_cxone.simulator.validation import FieldError

    Operator = Literal["in", "notIn", "eq"]

_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")


class Filter(NamedTuple):
    """Condition on a dimension of a contact."""

    dimension: str
    values: frozenset[str]
    operator: Operator

    def matches(self, contact: Row) -> bool:
        """Return True if a contact meets the condition."""
        return (contact[self.dimension] in self.values) != (self.operator == "notIn")


@dataclass(frozen=True, slots=True)
class Report:
    """Requested content of a report.

    Attributes:
        type: The kind of contacts.
        metrics: The metrics of the contacts.
        dimensions: The dimensions of the contacts.
        filters: Conditions that all contacts must meet.
        grouping: The dimensions that identify a row; empty for all dimensions.
    """

    type: ReportType
    metrics: tuple[str, ...]
    dimensions: tuple[str, ...]
    filters: tuple[Filter, ...] = ()
    grouping: tuple[str, ...] = ()


def validate_schedule(body: Mapping[str, Any]) -> None:
    """Validate the body of a schedule.

    Raises:
        InvalidRequest: The API would reject it.
    """
    errors = [
        *validate_fields(body, _BODY),
        *validate_fields(body.get("schedule"), _SCHEDULE, "schedule."),
        *_validate_report(body.get("report")),
        *validate_fields(body.get("delivery"), _DELIVERY, "delivery."),
    ]
    if errors:
        raise InvalidRequest(errors)


def validate_run(body: Mapping[str, Any]) -> None:
    """Validate the body of the start of a run.

    Raises:
        InvalidRequest: The API would reject it.
    """
    errors = [*validate_fields(body, _RUN)]
    if "dateRange" in body:
        errors += validate_date_range(body["dateRange"], "dateRange")
    if errors:
        raise InvalidRequest(errors)


def parse_report(body: Mapping[str, Any]) -> Report:
    """Return the report of a valid schedule."""
    report = body["report"]
    return Report(
        type=report["type"],
        metrics=tuple(report["metrics"]),
        dimensions=tuple(report["dimensions"]),
        filters=tuple(
            Filter(item["dimension"], frozenset(item["values"]), item["operator"])
            for item in report["filters"]
        ),
        grouping=tuple(report["grouping"]),
    )


def _validate_report(report: Any) -> Iterator[FieldError]:
    """Yield the errors of a report."""
    yield from validate_fields(report, _REPORT, "report.")
    if not isinstance(report, Mapping):
        return
    if isinstance(report.get("dateRange"), Mapping):
        yield from validate_date_range(report["dateRange"], "report.dateRange")
    for index, filter_body in enumerate(_as_list(report.get("filters"))):
        yield from _validate_filter(filter_body, f"report.filters[{index}]")
    for metric in _unknown_metrics(report):
        yield field_error("report.metrics", f"has {metric}, which a report of this type has not")
    dimensions = _as_list(report.get("dimensions"))
    for dimension in _as_list(report.get("grouping")):
        if dimension not in dimensions:
            yield field_error(
                "report.grouping", f"has {dimension}, which is not among the dimensions"
            )


def _validate_filter(filter_body: Any, location: str) -> Iterator[FieldError]:
    """Yield the errors of a filter."""
    yield from validate_fields(filter_body, _FILTER, f"{location}.")
    equals = isinstance(filter_body, Mapping) and filter_body.get("operator") == "eq"
    if equals and len(_as_list(filter_body.get("values"))) > 1:
        yield field_error(f"{location}.values", "must hold one value")


def _unknown_metrics(report: Mapping[str, Any]) -> list[Any]:
    """Return the metrics that a valid report type does not have."""
    report_type = report.get("type")
    if not isinstance(report_type, str) or report_type not in METRICS:
        return []
    allowed = METRICS[cast("ReportType", report_type)]
    return [metric for metric in _as_list(report.get("metrics")) if metric not in allowed]


def _as_list(value: Any) -> list[Any]:
    """Return `value` if it is a list, else an empty list."""
    return value if isinstance(value, list) else []


_NOT_EMPTY = FieldRule(lambda value: isinstance(value, list) and value != [], "must not be empty")
_NAMES = list_of(TEXT)
_NOT_EMPTY_NAMES = FieldRule(
    lambda value: _NOT_EMPTY.is_valid(value) and _NAMES.is_valid(value),
    f"{_NAMES.message}, and not empty",
)
_DIMENSION = one_of(*DIMENSIONS)
_BODY = {"name": TEXT, "schedule": OBJECT, "report": OBJECT, "delivery": OBJECT}
_SCHEDULE = {
    "type": one_of("daily", "weekly", "monthly"),
    "time": FieldRule(
        lambda value: isinstance(value, str) and _TIME.fullmatch(value) is not None,
        "must be a time of day, HH:MM",
    ),
    "timezone": ZONE,
}
_REPORT = {
    "type": one_of(*METRICS),
    "metrics": _NOT_EMPTY_NAMES,
    "dimensions": list_of(_DIMENSION),
    "filters": list_of(OBJECT),
    "dateRange": OBJECT,
    "grouping": list_of(_DIMENSION),
}
_FILTER = {
    "dimension": _DIMENSION,
    "values": _NOT_EMPTY_NAMES,
    "operator": one_of("in", "notIn", "eq"),
}
_DELIVERY = {"type": one_of("api")}
_RUN = {
    "dateRange": FieldRule(lambda value: value is None or OBJECT.is_valid(value), OBJECT.message)
}
