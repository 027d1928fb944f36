"""Catalogue of a tenant's custom metrics: parsing, changes between runs, and columns."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from msgspec import Struct, structs

from tap_cxone.config.messages import did_you_mean
from tap_cxone.config.types import ColumnType  # noqa: TC001 (msgspec decodes CustomMetric)
from tap_cxone.errors import ConfigError
from tap_cxone.http.pagination import ListPaginator
from tap_cxone.rows.columns import Column, ValueConstraint, source_column

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

ALL_METRICS = "*"
_TYPES: dict[str, ColumnType] = {
    **dict.fromkeys(
        ("number", "decimal", "double", "float", "percent", "percentage", "currency"), "number"
    ),
    **dict.fromkeys(("integer", "int", "long", "count"), "integer"),
    **dict.fromkeys(("boolean", "bool"), "boolean"),
    **dict.fromkeys(("string", "text", "enum", "category"), "string"),
}
_LIST_KEYS = ("customMetrics", "entities", "data")


class CustomMetric(Struct, frozen=True):
    """One custom metric.

    Attributes:
        id: Stable ID of the metric; the column is named after it.
        name: Display name, which may change.
        type: Type of the values; None if the API's type is unknown to the tap.
        description: Meaning of the metric.
        minimum: Smallest allowed value, as text; None for no limit.
        maximum: Largest allowed value, as text; None for no limit.
        allowed: All allowed values; None for any value.
        retired: Whether the catalogue no longer has the metric.
    """

    id: str
    name: str
    type: ColumnType | None = None
    description: str = ""
    minimum: str | None = None
    maximum: str | None = None
    allowed: tuple[Any, ...] | None = None
    retired: bool = False

    @property
    def column(self) -> Column:
        """Return the column of the metric's values."""
        column_type = self.type or "string"
        description = self.description or f"Custom metric '{self.name}'."
        return structs.replace(
            source_column(self.id, description, column_type, self.name),
            match="exact",
            strict=self.type is not None,
            constraint=self._constraint,
        )

    @property
    def _constraint(self) -> ValueConstraint | None:
        is_numeric = self.type in {"number", "integer"}
        constraint = ValueConstraint(
            Decimal(self.minimum) if is_numeric and self.minimum is not None else None,
            Decimal(self.maximum) if is_numeric and self.maximum is not None else None,
            self.allowed,
        )
        return None if constraint == ValueConstraint() else constraint

    def has_name(self, names: Collection[str]) -> bool:
        """Return True if one of the names is the ID or the display name of the metric."""
        return not {self.id, self.name}.isdisjoint(names)

    def record(self) -> dict[str, Any]:
        """Return the record of the metric in the stream `custom_metrics`."""
        return {
            "id": self.id,
            "name": self.name,
            "type": self.type,
            "description": self.description or None,
            "minimum": None if self.minimum is None else Decimal(self.minimum),
            "maximum": None if self.maximum is None else Decimal(self.maximum),
            "allowed_values": None if self.allowed is None else json.dumps(self.allowed),
        }

    def text(self) -> str:
        """Return the record of the metric as JSON."""
        return json.dumps(self.record(), default=str)


def metric_paginator() -> ListPaginator:
    """Return the paginator of the API's list of custom metrics in any of its known shapes."""
    return ListPaginator("the custom metrics", _LIST_KEYS)


def parse_metrics(entries: Iterable[dict[str, Any]]) -> tuple[CustomMetric, ...]:
    """Return the custom metrics of the entries with an ID, each ID once."""
    metrics = {str(entry["id"]): _parse_metric(entry) for entry in entries if entry.get("id")}
    return tuple(metrics.values())


def _parse_metric(entry: dict[str, Any]) -> CustomMetric:
    api_type = str(entry.get("type") or entry.get("dataType") or "").casefold()
    allowed = entry.get("enum") or entry.get("allowedValues")
    return CustomMetric(
        id=str(entry["id"]),
        name=str(entry.get("name") or entry.get("displayName") or entry["id"]),
        type=_TYPES.get(api_type),
        description=str(entry.get("description") or ""),
        minimum=_number_text(entry.get("minimum")),
        maximum=_number_text(entry.get("maximum")),
        allowed=tuple(map(_allowed_value, allowed)) if isinstance(allowed, list) else None,
    )


def _number_text(value: Any) -> str | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return str(number) if number.is_finite() else None


def _allowed_value(value: Any) -> Any:
    if isinstance(value, dict):  # {"value": …, "label": …}
        value = next((value[key] for key in ("value", "id", "name") if key in value), value)
    if isinstance(value, Decimal):
        return float(value)
    return value if isinstance(value, str | int) else json.dumps(value, default=str)


def with_retired(
    previous: Iterable[CustomMetric], current: Sequence[CustomMetric]
) -> tuple[CustomMetric, ...]:
    """Return the current metrics, then the previous ones that no longer exist, as retired."""
    current_ids = {metric.id for metric in current}
    retired = (metric for metric in previous if metric.id not in current_ids)
    return (*current, *(structs.replace(metric, retired=True) for metric in retired))


class MetricChange(Struct, frozen=True):
    """One change of a metric between two catalogues.

    Attributes:
        kind: `added`, `removed`, `retyped` (also its limits) or `renamed`.
        old: The metric before; None if it is new.
        new: The metric now; None if it is gone.
    """

    kind: str
    old: CustomMetric | None
    new: CustomMetric | None

    @property
    def metric_id(self) -> str:
        """Return the ID of the metric."""
        metric = self.new or self.old
        return metric.id if metric else ""

    def concerns(self, names: Collection[str]) -> bool:
        """Return True if the metric is selected by one of the names, which are IDs or `*` too."""
        metrics = filter(None, (self.old, self.new))
        return ALL_METRICS in names or any(m.has_name(names) for m in metrics)

    def __str__(self) -> str:
        """Return the ID, and for a metric that stays also what differs, old and new."""
        if self.old is None or self.new is None:
            return self.metric_id
        old, new = self.old.record(), self.new.record()
        differences = (
            f"{name} {_text_of(old[name])} → {_text_of(new[name])}"
            for name in (["name"] if self.kind == "renamed" else _DEFINITION_FIELDS)
            if old[name] != new[name]
        )
        return f"{self.metric_id} ({', '.join(differences)})"


_DEFINITION_FIELDS = ("type", "minimum", "maximum", "allowed_values")


def _text_of(value: object) -> str:
    return "none" if value is None else str(value)


def find_changes(
    previous: Iterable[CustomMetric], current: Iterable[CustomMetric]
) -> list[MetricChange]:
    """Return all changes between two catalogues: new metrics, missing ones, then changed ones."""
    old = {metric.id: metric for metric in previous if not metric.retired}
    new = {metric.id: metric for metric in current}
    both = [(old[i], new[i]) for i in sorted(old.keys() & new.keys())]
    return [
        *(MetricChange("added", None, new[i]) for i in sorted(new.keys() - old.keys())),
        *(MetricChange("removed", old[i], None) for i in sorted(old.keys() - new.keys())),
        *(MetricChange("retyped", a, b) for a, b in both if _definition(a) != _definition(b)),
        *(MetricChange("renamed", a, b) for a, b in both if a.name != b.name),
    ]


def _definition(metric: CustomMetric) -> tuple[object, ...]:
    return metric.type, metric.minimum, metric.maximum, metric.allowed


def select_metrics(
    names: Iterable[str], metrics: Sequence[CustomMetric], setting: str
) -> tuple[CustomMetric, ...]:
    """Return the metrics that a user selects by ID, by display name or with `*`.

    Raises:
        ConfigError: A name is unknown, or two metrics share it.
    """
    selected: dict[str, CustomMetric] = {}
    problems = []
    for name in names:
        matches = [metric for metric in metrics if name == metric.id]
        matches = matches or [m for m in metrics if name == m.name and not m.retired]
        matches = matches or [m for m in metrics if name in {ALL_METRICS, m.name}]
        if len(matches) > 1 and name != ALL_METRICS:
            ids = ", ".join(metric.id for metric in matches)
            problems.append(f"{setting}: several metrics have the name '{name}' ({ids}); use an ID")
        elif not matches and name != ALL_METRICS:
            all_names = [text for metric in metrics for text in (metric.name, metric.id)]
            hint = did_you_mean(name, all_names, "the stream custom_metrics lists all metrics")
            problems.append(f"{setting}: no published metric has the name '{name}'; {hint}")
        selected |= {metric.id: metric for metric in matches}
    if problems:
        raise ConfigError(problems)
    return tuple(selected.values())
