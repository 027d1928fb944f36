"""Catalogue of a tenant's custom metrics: parsing, changes between runs, and columns."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from msgspec import Struct, structs

from tap_cxone.config.messages import did_you_mean
from tap_cxone.errors import ApiError, ConfigError
from tap_cxone.http.json_body import json_list, json_objects
from tap_cxone.rows.columns import Column, ValueConstraint, source_column

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_cxone.types import ColumnType

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

    def as_json(self) -> dict[str, Any]:
        """Return the metric as JSON for STATE, without empty fields."""
        return {n: v for n, v in structs.asdict(self).items() if v or (v == 0 and v is not False)}

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> CustomMetric:
        """Return the metric from its JSON in STATE."""
        allowed = raw.get("allowed")
        return cls(**{**raw, "allowed": None if allowed is None else tuple(allowed)})


def parse_metrics(response_json: Any) -> tuple[CustomMetric, ...]:
    """Parse the API's list of custom metrics in any of its known shapes.

    Raises:
        ApiError: The response has no list.
    """
    entries = json_list(response_json, _LIST_KEYS)
    if entries is None:
        msg = "the response with the custom metrics has no list; check base_url"
        raise ApiError(msg)
    return tuple(_parse_metric(entry) for entry in json_objects(entries) if entry.get("id"))


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


def find_changes(
    previous: Iterable[CustomMetric], current: Iterable[CustomMetric]
) -> dict[str, list[str]]:
    """Return all changes between two catalogues: kind of change → IDs."""
    old = {metric.id: metric for metric in previous if not metric.retired}
    new = {metric.id: metric for metric in current}
    common_ids = sorted(old.keys() & new.keys())
    changed_ids = {
        "added": sorted(new.keys() - old.keys()),
        "removed": sorted(old.keys() - new.keys()),
        "retyped": [i for i in common_ids if _definition(old[i]) != _definition(new[i])],
        "renamed": [i for i in common_ids if old[i].name != new[i].name],
    }
    return {kind: ids for kind, ids in changed_ids.items() if ids}


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
