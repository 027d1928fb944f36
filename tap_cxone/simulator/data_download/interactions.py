"""Generated interactions with their custom metrics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any, Final

from tap_cxone.simulator import fake_values as values
from tap_cxone.simulator.rows import RowGenerator, RowSource, midnight

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import datetime

    from tap_cxone.simulator.data_download.options import DataDownloadOptions
    from tap_cxone.simulator.metrics import CustomMetric
    from tap_cxone.simulator.rows import Row

NAME: Final = "Interaction/Call"

_AGENTS = ("000731", "004210", "004219", "118204", "905000")
_DISPOSITIONS = ("SALE", "TRANSFER", "0042", "CALLBACK", "Rückruf, später")
_QUEUES = ("q_0a17", "q_0b42", "q_サポート")
_DAY = timedelta(days=1)
_LONG = 15
_ABSENT = 0.1
_NULL = 0.2


@dataclass(frozen=True, slots=True)
class Interaction:
    """One interaction.

    Attributes:
        fields: The fields of the report.
        custom: The values of custom metrics by id; a metric that does not apply is absent.
        bad: True if the value of a published metric violates its rule.
    """

    fields: Row
    custom: dict[str, Any]
    bad: bool

    def to_json(self) -> Row:
        """Return all fields as JSON values."""
        fields = {name: as_json(value) for name, value in self.fields.items()}
        custom = {name: as_json(value) for name, value in self.custom.items()}
        return {**fields, "customMetrics": custom} | ({"_bad": True} if self.bad else {})


class Interactions:
    """Generator of all interactions."""

    def __init__(self, options: DataDownloadOptions) -> None:
        """Create a generator."""
        self._rows = RowGenerator(options, {NAME: _SOURCE}, timedelta(0))
        self._per_day = options.rows_of.get(NAME, options.rows_per_day)
        self._bad = _spread_evenly(options.bad_values, self._per_day)

    def between(
        self,
        start: datetime,
        end: datetime,
        seen_at: datetime,
        published: Sequence[CustomMetric],
        metric_ids: Collection[str],
    ) -> Iterator[Interaction]:
        """Yield the interactions of `[start, end)` visible at `seen_at`, with these metrics."""
        first, last = values.instant(start), values.instant(end)
        breakable = [metric for metric in published if _invalid_value(metric) is not None]
        requested = [metric for metric in published if metric.id in metric_ids]
        for index, fields in self._indexed_by_day(start, end, seen_at):
            if first <= fields["at"] < last:
                broken = self._broken_metric(index, breakable)
                custom = dict(_metric_values(fields["interactionId"], requested, broken))
                yield Interaction(fields, custom, broken is not None)

    def _indexed_by_day(
        self, start: datetime, end: datetime, seen_at: datetime
    ) -> Iterator[tuple[int, Row]]:
        """Yield the rows of the days of a window, each with its index within its day."""
        day = midnight(start.date())
        while day < end:
            yield from enumerate(self._rows.rows(NAME, day, day + _DAY, seen_at))
            day += _DAY

    def _broken_metric(self, index: int, breakable: Sequence[CustomMetric]) -> CustomMetric | None:
        """Return the metric to break in the interaction with this index; None for no metric."""
        number = self._bad.get(index)
        return None if number is None or not breakable else breakable[number % len(breakable)]


def as_json(value: Any) -> Any:
    """Return a value in the format of the API; numbers over 15 digits are strings."""
    if isinstance(value, Decimal) and len(value.as_tuple().digits) > _LONG:
        return f"{value:f}"
    if isinstance(value, int) and abs(value) >= 10**_LONG:
        return str(value)
    return value


def _make_rows(rng: Random, started_at: datetime) -> list[Row]:
    """Return the row of an interaction."""
    talk, hold, wrap = (_seconds(rng, maximum) for maximum in (9000, 1200, 600))
    return [
        {
            "interactionId": values.unique_id(rng),
            "agentId": rng.choice(_AGENTS),
            "dispositionCode": rng.choice(_DISPOSITIONS),
            "queueId": rng.choice(_QUEUES),
            "at": values.instant(started_at),
            "duration": talk + hold + wrap,
            "holdTime": hold,
            "wrapUpTime": wrap,
            "talkTime": talk,
            "interactions": 1,
        }
    ]


def _seconds(rng: Random, maximum: int) -> Decimal:
    """Return a duration below `maximum` tenths of a second: 12.0, 3.10 or 7.125."""
    digits = rng.choice((1, 1, 2, 3))
    return Decimal(rng.randrange(maximum * 10 ** (digits - 1))).scaleb(-digits)


def _metric_values(
    interaction_id: str, metrics: Iterable[CustomMetric], broken: CustomMetric | None
) -> Iterator[tuple[str, Any]]:
    """Yield the metric values of an interaction; some are absent, some are null."""
    for metric in metrics:
        if metric == broken:
            yield metric.id, _invalid_value(metric)
            continue
        # A value does not depend on other metrics, because these may be removed.
        rng = Random(f"{metric.id}/{interaction_id}")  # noqa: S311
        roll = rng.random()
        if roll >= _ABSENT:
            yield metric.id, None if roll < _NULL else _value(metric, rng)


def _value(metric: CustomMetric, rng: Random) -> Any:
    """Return a valid value of a metric."""
    match metric.type:
        case "boolean":
            return rng.random() < 1 / 2
        case "string":
            return rng.choice(metric.enum) if metric.enum else values.digits(rng, 6)
        case "integer":
            return rng.randint(int(metric.minimum or 0), int(_maximum(metric)))
        case "number" if metric.minimum is None and metric.maximum is None:
            return _money(rng)
        case "number":
            minimum = Decimal(metric.minimum or 0)
            share = Decimal(rng.randrange(10_001)).scaleb(-4)
            return minimum + share * (_maximum(metric) - minimum)


def _maximum(metric: CustomMetric) -> Decimal:
    """Return the largest valid number of a metric."""
    return Decimal((metric.minimum or 0) + 1000 if metric.maximum is None else metric.maximum)


def _money(rng: Random) -> Decimal:
    """Return an amount; every fourth has more digits than a float."""
    if rng.random() < 1 / 4:
        return Decimal(rng.randrange(10**18, 10**19)).scaleb(-3)
    return Decimal(rng.randrange(100_000)).scaleb(-2)


def _invalid_value(metric: CustomMetric) -> Any:
    """Return a value that violates a metric's rule; None if there is no rule to violate."""
    match metric.type:
        case "boolean":
            return "yes"
        case "string":
            return "MAYBE" if metric.enum else None
        case "number" | "integer" if metric.maximum is not None:
            excess = 1 if metric.type == "integer" else Decimal("0.7")
            return metric.maximum + excess
        case _:
            return "12abc"


def _spread_evenly(count: int, total: int) -> dict[int, int]:
    """Return the number of each part by the middle of the part, for `count` equal parts."""
    return {(2 * number + 1) * total // (2 * count): number for number in range(count)}


_SOURCE: Final = RowSource.from_factory(NAME, _make_rows)
