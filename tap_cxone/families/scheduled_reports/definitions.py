"""What a report may ask for, and how its definition is written; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tap_cxone.config.validation import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_cxone.config import ReportSettings

_CALLS = ("agent", "queue", "skill")
METRICS: dict[str, tuple[str, ...]] = {
    "handleTime": _CALLS,
    "wrapUpTime": _CALLS,
    "callsHandled": _CALLS,
    "avgHandleTime": _CALLS,
    "talkTime": ("agent", "queue"),
    "messageCount": ("ic",),
    "avgResponseTime": ("ic",),
}
"""Metric → the report types that have it, as far as the vendor says. Others need
`allow_unknown_metrics`."""

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


def definition(report: ReportSettings) -> dict[str, Any]:
    """Return a report's schedule as the API keeps it: in UTC, its range relative."""
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


def holds(registered: Any, wanted: Any) -> bool:
    """Tell whether what is registered says all that is wanted; the API may add to it."""
    if isinstance(wanted, dict):
        return isinstance(registered, dict) and all(
            holds(registered.get(key), value) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        same = isinstance(registered, list) and len(registered) == len(wanted)
        return same and all(map(holds, registered, wanted))
    return bool(registered == wanted)


def problems(
    report: Mapping[str, Any], where: str, kind: str | None, *, unknown: bool
) -> Iterator[str]:
    """Yield what the API would refuse of a report.

    Args:
        report: As the user wrote it.
        where: What to call it.
        kind: Its type; None if it has none that there is.
        unknown: Whether metrics that nobody here knows are allowed.
    """
    metrics, dimensions = _list(report, "metrics"), _list(report, "dimensions")
    if "metrics" in report and not metrics:
        yield f"{where} has no metrics; name at least one"
    for metric in metrics:
        types = METRICS.get(metric)
        if types is None and not unknown:
            hint = did_you_mean(metric, METRICS, "set allow_unknown_metrics if the API has it")
            yield f"{where}: the metric '{metric}' is not known; {hint}"
        elif types is not None and kind is not None and kind not in types:
            fitting = (
                ", ".join(name for name, has in METRICS.items() if kind in has) or "none known"
            )
            yield (
                f"{where}: '{metric}' is a metric of {', '.join(types)} reports, not of {kind}; "
                f"those have: {fitting}"
            )
    for field in _list(report, "grouping"):
        if field not in dimensions:
            yield f"{where}: grouping '{field}' is not among its dimensions; add it there"
    schedule = report.get("schedule")
    time = schedule.get("time") if isinstance(schedule, dict) else None
    if isinstance(time, str) and not _TIME.fullmatch(time):
        yield f"{where}: schedule.time is '{time}'; write hours and minutes, such as 05:30"


def _list(report: Mapping[str, Any], name: str) -> list[str]:
    found = report.get(name)
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []
