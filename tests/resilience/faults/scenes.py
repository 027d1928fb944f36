"""Two windows of each family: how to read them, and what must come of it."""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from tap_cxone.simulator.settings import tap_settings
from tests.support import analytics_exports as analytics
from tests.support import data_download as reporting
from tests.support import observability as dashboard
from tests.support import scheduled_reports as reports
from tests.support.run import select

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_cxone.simulator import Simulator
    from tap_cxone.simulator.faults import FamilyName, FaultPoint

DAY = timedelta(days=1)
FIRST = datetime(2026, 3, 15, tzinfo=UTC)
WINDOWS = 2

Key = tuple[str, ...]
Truth = dict[Key, dict[str, Any]]


@dataclass(frozen=True, eq=False)
class Scene:
    """One family's stream, its two windows and what they hold.

    Attributes:
        family: The simulator's name of the family.
        stream: The stream that is read.
        key: The source's fields that identify a row; with the window where rows are sums.
        own: The family's settings.
        first: Where the first window begins.
        entity: What the simulator calls the truth.
        options: Options of the simulator.
        fields: The source's fields that are read, or all.
        windowed: Whether the window is part of the key.
    """

    family: FamilyName
    stream: str
    key: tuple[str, ...]
    own: Mapping[str, Any]
    entity: str
    first: datetime = FIRST
    options: Mapping[str, Any] = field(default_factory=dict)
    fields: tuple[str, ...] = ()
    windowed: bool = False

    def settings(self, url: str, **changes: Any) -> dict[str, Any]:
        """Return settings for two windows of a day each."""
        base = tap_settings(url, families=(self.family,))
        own = {**base.pop(self.family, {}), **self.own}
        return {
            **base,
            "start_date": self.first.isoformat(),
            "end_date": (self.first + WINDOWS * DAY).isoformat(),
            **changes,
            self.family: {**own, **changes.get(self.family, {})},
        }

    def end(self, number: int) -> datetime:
        """Return where the windows end, of which there are so many."""
        return self.first + number * DAY

    def rows(self, sim: Simulator, number: int) -> list[dict[str, Any]]:
        """Return the simulator's own rows of one window, the first being 0."""
        return sim.expected_rows(self.entity, self.end(number), self.end(number + 1))

    def truth(self, sim: Simulator, number: int) -> Truth:
        """Return what the records of one window must say, by key and column."""
        if self.windowed:
            return self._sums(sim, number)
        rows = self.rows(sim, number)
        if self.family == "analytics_exports":
            return {(one["id"],): one for one in analytics.typed_conversations(rows)}
        found = {}
        for row in rows:
            names = self.fields or tuple(name for name in row if not name.startswith("_"))
            said = {snake(name): row[name] for name in names}
            said |= row.get("customMetrics", {})
            found[tuple(str(row[name]) for name in self.key)] = said
        return found

    def _sums(self, sim: Simulator, number: int) -> Truth:
        begins = self.end(number).isoformat()
        metrics = self.fields
        found: dict[Key, dict[str, Any]] = defaultdict(
            lambda: {snake(name): Decimal(0) for name in metrics}
        )
        for row in self.rows(sim, number):
            sums = found[(*(row[name] for name in self.key), begins)]
            for name in metrics:
                sums[snake(name)] += row[name]
            sums |= {snake(name): row[name] for name in self.key}
        return dict(found)

    def key_of(self, record: Mapping[str, Any]) -> Key:
        """Return the key of a record."""
        own = tuple(str(record[snake(name)]) for name in self.key)
        return (*own, record["_window_start"]) if self.windowed else own

    @functools.cached_property
    def catalog(self) -> dict[str, Any]:
        """Return a catalog with the stream and the quarantine selected."""
        return select(self.settings("http://127.0.0.1:1"), self.stream, "quarantine")


def snake(title: str) -> str:
    """Name a column after a title of the simulator."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", title)
    return re.sub(r"\W+", "_", words).strip("_").lower()


def fits(said: Any, value: Any) -> bool:
    """Return True if a value is what the source said."""
    if callable(said):
        return bool(said(value))
    if said is None or (isinstance(said, str) and not said.strip()):
        return value is None
    if isinstance(said, bool) or isinstance(value, bool):
        return str(said).lower() == str(value).lower()
    if isinstance(value, int | float | Decimal):
        try:
            near = isinstance(value, float) and float(str(said)) == value
            return near or Decimal(str(said)) == Decimal(str(value))
        except (InvalidOperation, ValueError):
            return False
    return str(said) == value or _instant(said) == _instant(value) is not None


def _instant(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def differences(truth: Truth, records: Sequence[Mapping[str, Any]], scene: Scene) -> list[str]:
    """Return in which ways records are not what they must be; the last of a key counts."""
    merged = {scene.key_of(record): record for record in records}
    found = [f"{key} is missing" for key in truth.keys() - merged.keys()]
    found += [f"{key} is too many" for key in merged.keys() - truth.keys()]
    for key in truth.keys() & merged.keys():
        said, record = truth[key], merged[key]
        own = {name for name in record if not name.startswith("_")}
        found += [f"{key}: no {name}" for name in said.keys() - own if said[name] is not None]
        found += [
            f"{key}: {name} is {record[name]!r}, should be {said.get(name)!r}"
            for name in own
            if (name in said or not scene.windowed) and not fits(said.get(name), record[name])
        ]
    return found


def _extraction_scene(mode: str) -> Scene:
    return Scene(
        family="data_extraction",
        stream="qm_workflows",
        key=("Workflow ID",),
        own={"mode": mode, "window_days": 1},
        entity="qm-workflows",
    )


SCENES = {
    "sync": _extraction_scene("sync"),
    "async": _extraction_scene("async"),
    "observability": Scene(
        family="observability",
        stream=dashboard.KB,
        key=("Suggestion ID",),
        own={
            "window_days": 1,
            "exports_per_day": 50,
            "primary_keys": {dashboard.KB: ["Suggestion ID"]},
            "columns": {dashboard.KB: {"Confidence": "number"}},
        },
        entity=dashboard.PATHS[dashboard.KB],
        options={"exports_per_day": 50},
    ),
    "analytics": Scene(
        family="analytics_exports",
        stream=analytics.STREAM,
        key=("id",),
        own={"window_days": 1},
        entity=analytics.STREAM,
        fields=("id", "type", "dateFrom", "dateTo", "botId", "agentId", "duration"),
    ),
    "download": Scene(
        family="data_download",
        stream=reporting.STREAM,
        key=("interactionId",),
        own={"window_days": 1, "page_size": 3},
        entity=reporting.TRUTH,
        first=reporting.local(reporting.FIRST),
        fields=("interactionId", "agentId", "duration", "talkTime"),
    ),
    "reports": Scene(
        family="scheduled_reports",
        stream=reports.STREAM,
        key=("agentId", "queueId"),
        own={"window_days": 1},
        entity="report:agent",
        options={"page_size_reports": 3},
        fields=reports.METRICS,
        windowed=True,
    ),
}

# The places where a run asks for something, and where it has something begun

READS: dict[str, tuple[FaultPoint, ...]] = {
    "sync": ("token", "list", "download"),
    "async": ("token", "list", "poll", "download"),
    "observability": ("token", "poll", "download"),
    "analytics": ("token", "list", "poll", "download"),
    "download": ("token", "me", "catalogue", "page"),
    "reports": ("token", "list", "poll", "page"),
}
SUBMITS: dict[str, tuple[FaultPoint, ...]] = {
    "sync": ("sync",),
    "async": ("async",),
    "observability": ("submit",),
    "analytics": ("submit",),
    "reports": ("submit", "run"),
}
