"""Rows of a report: one row per group of interactions."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tap_cxone.simulator.data_download.interactions import as_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import tzinfo

    from tap_cxone.simulator.data_download.interactions import Interaction
    from tap_cxone.simulator.data_download.validation import DownloadSpec
    from tap_cxone.simulator.metrics import CustomMetric, MetricType
    from tap_cxone.simulator.rows import Row

_DIGITS = 100
_TYPES: Mapping[MetricType, tuple[type, ...]] = {
    "number": (int, Decimal),
    "integer": (int, Decimal),
    "string": (str,),
    "boolean": (bool,),
}


def report(
    interactions: Iterable[Interaction], spec: DownloadSpec, published: Iterable[CustomMetric]
) -> list[Row]:
    """Return the rows of a download, sorted by the values of `group_by`."""
    metrics = [metric for metric in published if metric.id in spec.custom]
    groups: dict[tuple[Any, ...], list[Interaction]] = {}
    zone = ZoneInfo(spec.zone)
    for interaction in interactions:
        if spec.group is None or interaction.fields[spec.group.field] == spec.group.id:
            key = tuple(_field(name, interaction.fields, zone) for name in spec.group_by)
            groups.setdefault(key, []).append(interaction)
    with localcontext(prec=_DIGITS):
        return [
            dict(zip(spec.group_by, key, strict=True)) | _row(group, spec, metrics)
            for key, group in sorted(groups.items(), key=lambda item: item[0])
        ]


def _field(name: str, fields: Row, zone: tzinfo) -> Any:
    """Return the value of a grouping field."""
    if name not in {"date", "hour"}:
        return fields[name]
    local = datetime.fromisoformat(fields["at"]).astimezone(zone)
    return f"{local:%Y-%m-%d}" if name == "date" else local.hour


def _row(group: Sequence[Interaction], spec: DownloadSpec, metrics: Iterable[CustomMetric]) -> Row:
    """Return the metrics of a group."""
    sums = {
        name: as_json(sum(interaction.fields[name] for interaction in group))
        for name in spec.metrics
    }
    custom = {}
    for metric in metrics:
        metric_values = [
            interaction.custom[metric.id]
            for interaction in group
            if metric.id in interaction.custom
        ]
        if metric_values:
            custom[metric.id] = as_json(_aggregate(metric, metric_values))
    return {**sums, "customMetrics": custom}


def _aggregate(metric: CustomMetric, values: Iterable[Any]) -> Any:
    """Return the aggregate of values; a value of the wrong type replaces the aggregate."""
    non_null = [value for value in values if value is not None]
    wrong_type = [value for value in non_null if not isinstance(value, _TYPES[metric.type])]
    match metric.type:
        case _ if wrong_type or not non_null:
            return wrong_type[0] if wrong_type else None
        case "boolean":
            return any(non_null)
        case "string":
            return non_null[-1]
        case _:
            return sum(non_null)
