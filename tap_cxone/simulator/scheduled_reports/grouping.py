"""Rows of a report: one row per group of contacts."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any, Final

from tap_cxone.simulator.scheduled_reports.contacts import DIMENSIONS, METRICS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tap_cxone.simulator.rows import Row
    from tap_cxone.simulator.scheduled_reports.contacts import ReportType
    from tap_cxone.simulator.scheduled_reports.validation import Report

_AVERAGES: Final[Mapping[str, tuple[str, str]]] = {
    "avgHandleTime": ("handleTime", "callsHandled"),
    "avgResponseTime": ("responseTime", "messageCount"),
    "avgDuration": ("voicemailTime", "voicemailCount"),
}
_TOTALS: Final = ("responseTime", "voicemailTime")
_DETERMINED_BY: Final = {"agentName": "agentId", "queueName": "queueId", "skillName": "skillId"}
_THOUSANDTHS = Decimal("0.001")


def columns(report: Report, extra: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the columns of a report."""
    return (*_visible_dimensions(report), *report.metrics, *extra)


def report_rows(contacts: Iterable[Row], report: Report, extra: Sequence[str] = ()) -> list[Row]:
    """Return the rows of a report, sorted by the grouping values."""
    dimensions = _visible_dimensions(report)
    matching = (
        row for row in contacts if all(condition.matches(row) for condition in report.filters)
    )
    return [
        {name: group[0][name] for name in dimensions}
        | {metric: _metric_value(metric, group) for metric in report.metrics}
        | {column: _extra_value(column, key) for column in extra}
        for key, group in _groups(matching, report.grouping or report.dimensions)
    ]


def full_rows(contacts: Iterable[Row], report_type: ReportType) -> list[Row]:
    """Return one row per day and per combination of all dimensions.

    Totals that are part of an average but no metric have names such as `_responseTime`.
    """
    metrics = METRICS[report_type]
    return [
        {name: group[0][name] for name in DIMENSIONS}
        | {metric: _metric_value(metric, group) for metric in metrics}
        | {f"_{name}": _metric_value(name, group) for name in _TOTALS if name in group[0]}
        for _, group in _groups(contacts, ("date", *DIMENSIONS))
    ]


def _visible_dimensions(report: Report) -> tuple[str, ...]:
    """Return the dimensions that have exactly one value per row."""
    if not report.grouping:
        return report.dimensions
    return tuple(
        name
        for name in report.dimensions
        if name in report.grouping or _DETERMINED_BY.get(name) in report.grouping
    )


def _groups(
    contacts: Iterable[Row], names: Sequence[str]
) -> list[tuple[tuple[Any, ...], list[Row]]]:
    """Return the contacts grouped by the values of these dimensions, sorted."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for contact in contacts:
        groups.setdefault(tuple(contact[name] for name in names), []).append(contact)
    return sorted(groups.items(), key=lambda item: item[0])


def _metric_value(metric: str, group: Sequence[Row]) -> Any:
    """Return a metric of a group: a sum, or an average to three decimals."""
    if metric not in _AVERAGES:
        return sum(contact[metric] for contact in group)
    total, count = (_metric_value(name, group) for name in _AVERAGES[metric])
    return (Decimal(total) / count).quantize(_THOUSANDTHS)


def _extra_value(column: str, key: tuple[Any, ...]) -> str:
    """Return a value of an undocumented column."""
    rng = Random(f"{column}/{key}")  # noqa: S311
    return rng.choice(["", "yes", "no", f"{rng.randrange(1000):04d}", "später, vielleicht"])
