"""Build, compare and validate report definitions; pure functions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tap_cxone.config.validation import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_cxone.config import ReportSettings

_CALL_REPORT_TYPES = ("agent", "queue", "skill")
METRIC_REPORT_TYPES: dict[str, tuple[str, ...]] = {
    "handleTime": _CALL_REPORT_TYPES,
    "wrapUpTime": _CALL_REPORT_TYPES,
    "callsHandled": _CALL_REPORT_TYPES,
    "avgHandleTime": _CALL_REPORT_TYPES,
    "talkTime": ("agent", "queue"),
    "messageCount": ("ic",),
    "avgResponseTime": ("ic",),
}
"""Metric → the report types that support it, as documented by the vendor.

Other metrics need `allow_unknown_metrics`.
"""

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


def schedule_definition(report: ReportSettings) -> dict[str, Any]:
    """Return the schedule of a report as the API stores it: in UTC, with a relative date range."""
    filters = [
        {"dimension": dimension, "values": list(values), "operator": operator}
        for dimension, operator, values in report.filters
    ]
    return {
        "name": report.name,
        "schedule": {"type": report.frequency, "time": report.time, "timezone": "UTC"},
        "report": {
            "type": report.type,
            "metrics": list(report.metrics),
            "dimensions": list(report.dimensions),
            "filters": filters,
            "dateRange": {"type": "relative", "value": "previousDay"},
            "grouping": list(report.grouping),
        },
        "delivery": {"type": "api"},
    }


def matches_definition(registered: Any, expected: Any) -> bool:
    """Return True if the registered value contains the expected one; extra keys are allowed."""
    if isinstance(expected, dict):
        return isinstance(registered, dict) and all(
            matches_definition(registered.get(key), value) for key, value in expected.items()
        )
    if isinstance(expected, list):
        same_length = isinstance(registered, list) and len(registered) == len(expected)
        return same_length and all(map(matches_definition, registered, expected))
    return bool(registered == expected)


def report_problems(
    report: Mapping[str, Any], setting: str, report_type: str | None, *, allow_unknown: bool
) -> Iterator[str]:
    """Yield a problem for each part of a report that the API would refuse.

    Args:
        report: The report as configured.
        setting: Path of the report's setting, for messages.
        report_type: Type of the report; None if it is missing or unknown.
        allow_unknown: Whether metrics that the tap does not know are allowed.
    """
    metrics, dimensions = _text_list(report, "metrics"), _text_list(report, "dimensions")
    if "metrics" in report and not metrics:
        yield f"{setting} has no metrics; name at least one"
    for metric in metrics:
        types = METRIC_REPORT_TYPES.get(metric)
        if types is None and not allow_unknown:
            hint = did_you_mean(
                metric, METRIC_REPORT_TYPES, "set allow_unknown_metrics if the API has it"
            )
            yield f"{setting}: the metric '{metric}' is not known; {hint}"
        elif types is not None and report_type is not None and report_type not in types:
            metrics_of_type = (
                ", ".join(
                    name
                    for name, metric_types in METRIC_REPORT_TYPES.items()
                    if report_type in metric_types
                )
                or "none known"
            )
            yield (
                f"{setting}: '{metric}' is a metric of {', '.join(types)} reports, "
                f"not of {report_type}; those have: {metrics_of_type}"
            )
    for field in _text_list(report, "grouping"):
        if field not in dimensions:
            yield f"{setting}: grouping '{field}' is not among its dimensions; add it there"
    schedule = report.get("schedule")
    time = schedule.get("time") if isinstance(schedule, dict) else None
    if isinstance(time, str) and not _TIME.fullmatch(time):
        yield f"{setting}: schedule.time is '{time}'; write hours and minutes, such as 05:30"


def _text_list(report: Mapping[str, Any], name: str) -> list[str]:
    values = report.get(name)
    return [item for item in values if isinstance(item, str)] if isinstance(values, list) else []
