"""Interactions → the rows of a report, one for each group of them."""

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
    from tap_cxone.simulator.data_download.orders import Order
    from tap_cxone.simulator.metrics import Metric, MetricType
    from tap_cxone.simulator.rows import Row

_DIGITS = 100
_TYPES: Mapping[MetricType, tuple[type, ...]] = {
    "number": (int, Decimal),
    "integer": (int, Decimal),
    "string": (str,),
    "boolean": (bool,),
}


def report(
    interactions: Iterable[Interaction], order: Order, published: Iterable[Metric]
) -> list[Row]:
    """Return the rows of an order, sorted by what they are grouped by."""
    metrics = [metric for metric in published if metric.id in order.custom]
    groups: dict[tuple[Any, ...], list[Interaction]] = {}
    zone = ZoneInfo(order.zone)
    for interaction in interactions:
        if order.group is None or interaction.fields[order.group.field] == order.group.id:
            key = tuple(_field(name, interaction.fields, zone) for name in order.group_by)
            groups.setdefault(key, []).append(interaction)
    with localcontext(prec=_DIGITS):
        return [
            dict(zip(order.group_by, key, strict=True)) | _row(group, order, metrics)
            for key, group in sorted(groups.items(), key=lambda item: item[0])
        ]


def _field(name: str, fields: Row, zone: tzinfo) -> Any:
    """Return the value of a field by which rows may be grouped."""
    if name not in {"date", "hour"}:
        return fields[name]
    local = datetime.fromisoformat(fields["at"]).astimezone(zone)
    return f"{local:%Y-%m-%d}" if name == "date" else local.hour


def _row(group: Sequence[Interaction], order: Order, metrics: Iterable[Metric]) -> Row:
    """Return what there is to say of a group."""
    sums = {name: as_json(sum(one.fields[name] for one in group)) for name in order.metrics}
    custom = {}
    for metric in metrics:
        given = [one.custom[metric.id] for one in group if metric.id in one.custom]
        if given:
            custom[metric.id] = as_json(_together(metric, given))
    return {**sums, "customMetrics": custom}


def _together(metric: Metric, given: Iterable[Any]) -> Any:
    """Return what the values of a group come to; one that is not of the type stands for all."""
    known = [value for value in given if value is not None]
    odd = [value for value in known if not isinstance(value, _TYPES[metric.type])]
    match metric.type:
        case _ if odd or not known:
            return odd[0] if odd else None
        case "boolean":
            return any(known)
        case "string":
            return known[-1]
        case _:
            return sum(known)
