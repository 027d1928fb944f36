"""Build and compare report definitions; pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tap_cxone.families.scheduled_reports.settings import ReportSettings


def schedule_definition(report: ReportSettings) -> dict[str, Any]:
    """Return the schedule of a report as the API stores it: in UTC, with a relative date range."""
    filters = [
        {"dimension": item.dimension, "values": list(item.values), "operator": item.operator}
        for item in report.filters
    ]
    return {
        "name": report.name,
        "schedule": {
            "type": report.schedule.type,
            "time": report.schedule.time,
            "timezone": report.schedule.timezone,
        },
        "report": {
            "type": report.type,
            "metrics": list(report.metrics),
            "dimensions": list(report.dimensions),
            "filters": filters,
            "dateRange": {"type": report.dateRange.type, "value": report.dateRange.value},
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
