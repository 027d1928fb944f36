"""Build and compare report definitions; pure functions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tap_cxone.clock import is_same_zone, time_zone
from tap_cxone.http.json_body import letters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_cxone.families.scheduled_reports.settings import ReportSettings

_WORDS = {"type", "operator", "value"}  # keys whose values are words of the API, in any spelling
_TIME = r"(\d{1,2}):(\d\d)(?::00(?:\.0+)?)?(?:Z|\+00:?00)?"


def schedule_definition(report: ReportSettings) -> dict[str, Any]:
    """Return the schedule of a report as the API stores it: in UTC, with a relative date range."""
    filters = [
        {"dimension": item.dimension, "values": list(item.values), "operator": item.operator}
        for item in report.filters
    ]
    return {
        "name": report.schedule_names[0],
        "schedule": {
            "type": report.schedule.type,
            "time": report.schedule.time,
            "timezone": "UTC",  # whatever name of it the settings have
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


def totals_definition(report: ReportSettings, metrics: Sequence[str]) -> dict[str, Any]:
    """Return the schedule of the figures of a report without grouping."""
    grouped = schedule_definition(report)
    ungrouped = {"metrics": list(metrics), "dimensions": [], "grouping": []}
    return {
        **grouped,
        "name": report.schedule_names[-1],
        "report": {**grouped["report"], **ungrouped},
    }


def find_differences(registered: Any, expected: Any, path: str = "") -> list[str]:
    """Return the paths at which a registered value differs from the expected one.

    The comparison is lenient, because servers write a definition in another way than they received
    it. Further keys, the order of a list and the spelling of the API's words are no difference. A
    value that is not shown is none either; a list that is not shown is empty.
    """
    if isinstance(expected, dict):
        shown = registered if isinstance(registered, dict) else {}
        return [
            difference
            for key, value in expected.items()
            for difference in find_differences(shown.get(key), value, f"{path}.{key}".lstrip("."))
        ]
    if isinstance(expected, list):
        is_same = _has_same_items(registered if isinstance(registered, list) else [], expected)
    else:
        is_same = registered is None or _is_same_value(path, str(registered), str(expected))
    return [] if is_same else [path]


def shown_parts(registered: Any, expected: Any) -> Any:
    """Return the parts of a registered value that the expected one has too.

    Other parts, such as recipients, do not concern the tap and may be personal data.
    """
    if not isinstance(expected, dict) or not isinstance(registered, dict):
        return registered
    return {k: shown_parts(registered[k], v) for k, v in expected.items() if k in registered}


def describes_report(entry: Mapping[str, Any]) -> bool:
    """Return True if an entry of a list of schedules has a definition, not only ID and name."""
    return isinstance(entry.get("report"), dict)


def _has_same_items(registered: Sequence[Any], expected: Sequence[Any]) -> bool:
    remaining = [item for item in registered if item is not None]
    for item in expected:
        matches = [other for other in remaining if not find_differences(other, item)]
        if not matches:
            return False
        remaining.remove(matches[0])
    return not remaining


def _is_same_value(path: str, registered: str, expected: str) -> bool:
    key = path.rpartition(".")[2]
    if key == "time":
        return _parse_time(registered) == _parse_time(expected)
    if key == "timezone":
        return is_same_zone(time_zone(registered), time_zone(expected))
    return letters(registered) == letters(expected) if key in _WORDS else registered == expected


def _parse_time(text: str) -> tuple[int, int] | str:
    match = re.fullmatch(_TIME, text)
    return (int(match[1]), int(match[2])) if match else text
