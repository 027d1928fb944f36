"""Spelling of schedules by a server that does not store them as they were sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def canonical_body(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schedule with sorted lists, words in upper case and fields that the API adds."""
    schedule, report = body["schedule"], body["report"]
    return {
        **body,
        "schedule": {
            **schedule,
            "type": schedule["type"].upper(),
            "time": f"{schedule['time']}:00",
        },
        "report": {
            **report,
            "metrics": sorted(report["metrics"], reverse=True),
            "dimensions": sorted(report["dimensions"], reverse=True),
            "grouping": sorted(report["grouping"], reverse=True),
            "filters": [_canonical_filter(item) for item in reversed(report["filters"])] or None,
        },
        "createdBy": "invented",
        "version": 3,
    }


def _canonical_filter(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return a filter with sorted values and its operator in upper case."""
    return {
        "dimension": item["dimension"],
        "operator": item["operator"].upper(),
        "values": sorted(item["values"], reverse=True),
        "caseSensitive": False,
    }
