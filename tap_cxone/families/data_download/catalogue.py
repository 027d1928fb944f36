"""The custom metrics of a tenant: what they are, what changed, and which columns they make."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from tap_cxone.config.validation import did_you_mean
from tap_cxone.errors import ApiError, ConfigError
from tap_cxone.rows.columns import Column, Rule, snake_case

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_cxone.config import ColumnType

EVERY = "*"
_TYPES: dict[str, ColumnType] = {
    **dict.fromkeys(
        ("number", "decimal", "double", "float", "percent", "percentage", "currency"), "number"
    ),
    **dict.fromkeys(("integer", "int", "long", "count"), "integer"),
    **dict.fromkeys(("boolean", "bool"), "boolean"),
    **dict.fromkeys(("string", "text", "enum", "category"), "string"),
}
_LISTS = ("customMetrics", "entities", "data")


@dataclass(frozen=True, slots=True)
class Metric:
    """One custom metric.

    Attributes:
        id: Its identity, and its column's name.
        name: What people call it, for now.
        type: The type of its values; None for one whose type nobody here knows.
        description: What it measures.
        minimum: The least value, as text.
        maximum: The greatest value, as text.
        allowed: The only values.
        retired: Whether the catalogue has it no longer.
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
        """Return the column of its values."""
        kind = self.type or "string"
        description = self.description or f"Custom metric '{self.name}'."
        named = Column(snake_case(self.id), kind, description, title=self.name)
        return replace(named, strict=self.type is not None, rule=self._rule)

    @property
    def _rule(self) -> Rule | None:
        ends = self.type in {"number", "integer"}
        rule = Rule(
            Decimal(self.minimum) if ends and self.minimum is not None else None,
            Decimal(self.maximum) if ends and self.maximum is not None else None,
            self.allowed,
        )
        return None if rule == Rule() else rule

    def record(self) -> dict[str, Any]:
        """Return its row of the stream `custom_metrics`."""
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
        """Return it as the state remembers it."""
        found = {name: getattr(self, name) for name in self.__slots__}
        return {n: v for n, v in found.items() if v or (v == 0 and v is not False)}

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Metric:
        """Read it from the state."""
        allowed = raw.get("allowed")
        return cls(**{**raw, "allowed": None if allowed is None else tuple(allowed)})


def read(answer: Any) -> tuple[Metric, ...]:
    """Read the API's list of custom metrics, whichever shape it has.

    Raises:
        ApiError: It is none.
    """
    found = answer
    if isinstance(answer, dict):
        found = next((answer[key] for key in _LISTS if isinstance(answer.get(key), list)), None)
    if not isinstance(found, list):
        msg = "the answer to the custom metrics is no list of them; is base_url the right host?"
        raise ApiError(msg)
    return tuple(_metric(entry) for entry in found if isinstance(entry, dict) and entry.get("id"))


def _metric(entry: dict[str, Any]) -> Metric:
    word = str(entry.get("type") or entry.get("dataType") or "").casefold()
    allowed = entry.get("enum") or entry.get("allowedValues")
    return Metric(
        id=str(entry["id"]),
        name=str(entry.get("name") or entry.get("displayName") or entry["id"]),
        type=_TYPES.get(word),
        description=str(entry.get("description") or ""),
        minimum=_number(entry.get("minimum")),
        maximum=_number(entry.get("maximum")),
        allowed=tuple(map(_plain, allowed)) if isinstance(allowed, list) else None,
    )


def _number(value: Any) -> str | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return str(number) if number.is_finite() else None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):  # {"value": …, "label": …}
        value = next((value[key] for key in ("value", "id", "name") if key in value), value)
    if isinstance(value, Decimal):
        return float(value)
    return value if isinstance(value, str | int) else json.dumps(value, default=str)


def with_retired(before: Iterable[Metric], now: Sequence[Metric]) -> tuple[Metric, ...]:
    """Return the metrics of now, and those of before that are gone, as retired ones."""
    known = {metric.id for metric in now}
    return (*now, *(replace(m, retired=True) for m in before if m.id not in known))


def changes(before: Iterable[Metric], now: Iterable[Metric]) -> dict[str, list[str]]:
    """Return what changed between two catalogues: kind of change → IDs, none left out."""
    old = {metric.id: metric for metric in before if not metric.retired}
    new = {metric.id: metric for metric in now}
    both = sorted(old.keys() & new.keys())
    found = {
        "added": sorted(new.keys() - old.keys()),
        "removed": sorted(old.keys() - new.keys()),
        "retyped": [i for i in both if _value(old[i]) != _value(new[i])],
        "renamed": [i for i in both if old[i].name != new[i].name],
    }
    return {kind: ids for kind, ids in found.items() if ids}


def _value(metric: Metric) -> tuple[object, ...]:
    return metric.type, metric.minimum, metric.maximum, metric.allowed


def resolve(wanted: Iterable[str], metrics: Sequence[Metric], setting: str) -> tuple[Metric, ...]:
    """Return the metrics that a user names by ID, by display name or all at once.

    Raises:
        ConfigError: A name is unknown, or two metrics have it.
    """
    found: dict[str, Metric] = {}
    problems = []
    for name in wanted:
        named = [metric for metric in metrics if name == metric.id]
        named = named or [m for m in metrics if name == m.name and not m.retired]
        named = named or [m for m in metrics if name in {EVERY, m.name}]
        if len(named) > 1 and name != EVERY:
            ids = ", ".join(metric.id for metric in named)
            problems.append(f"{setting} names '{name}', which {ids} are called; name one by its ID")
        elif not named and name != EVERY:
            known = [text for metric in metrics for text in (metric.name, metric.id)]
            hint = did_you_mean(name, known, "see the stream custom_metrics for those there are")
            problems.append(
                f"{setting} names '{name}', which no published metric is called; {hint}"
            )
        found |= {metric.id: metric for metric in named}
    if problems:
        raise ConfigError(problems)
    return tuple(found.values())
