"""What a run would do, found out without spending an export."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tap_cxone.clock import iso
from tap_cxone.windows import Window

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tap_cxone.family import Family

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """What one stream has to do.

    Attributes:
        family: Its API.
        stream: Its name.
        start: Where it would begin; None if there is nothing to read.
        end: Where it would end.
        windows: How many windows that are.
        exports: How many of them need a job, or pages, still.
        at_least: Seconds that the API's own limits take.
        remark: What else the API says.
    """

    family: str
    stream: str
    start: datetime | None
    end: datetime | None
    windows: int
    exports: int
    at_least: float
    remark: str = ""

    @classmethod
    def of(
        cls,
        family: Family,
        stream: str,
        windows: Sequence[Window],
        due: Sequence[Window],
        *,
        remark: str = "",
    ) -> StreamPlan:
        """Return the plan of a stream that has to read `windows`, those `due` without a job."""
        start, end = (windows[0].start, windows[-1].end) if windows else (None, None)
        turns = -(-len(due) // family.limits.concurrent)
        wait = max(family.limits.spacing, family.patience.poll) * turns
        seconds = wait.total_seconds()
        return cls(family.name, stream, start, end, len(windows), len(due), seconds, remark)

    def __str__(self) -> str:
        """Show it as one line."""
        where = f"{self.family} {self.stream}"
        if self.start is None or self.end is None:
            return f"{where}: nothing to read yet"
        jobs = f"{self.windows} windows, {self.exports} to ask for"
        least = timedelta(seconds=round(self.at_least))
        said = f"{where}: {Window(self.start, self.end)}, {jobs}, at least {least}"
        return f"{said}; {self.remark}" if self.remark else said

    @property
    def days(self) -> int:
        """Return how many days it has to read, begun ones included."""
        if self.start is None or self.end is None:
            return 0
        return -(-(self.end - self.start) // _DAY)


@dataclass(frozen=True, slots=True)
class QuotaPlan:
    """What a family's quota makes of its streams' plans.

    Attributes:
        family: The API.
        days: How many days the longest of its streams has to read.
        streams: How many of them have something to ask for.
        window_days: How many days one export may hold.
        exports: How many they need in all.
        per_day: How many the API allows in 24 hours.
        left: How many it allows now.
        finish: When the last one is possible.
    """

    family: str
    days: int
    streams: int
    window_days: int
    exports: int
    per_day: int
    left: int
    finish: datetime

    @classmethod
    def of(cls, family: Family, plans: Sequence[StreamPlan], window_days: int) -> QuotaPlan | None:
        """Return the plan of a family's quota; None if it has none, or nothing to ask for."""
        quota, left = family.limits.quota, family.limiter.exports_left()
        exports = sum(plan.exports for plan in plans)
        if quota is None or left is None or not exports:
            return None
        waits = max(0, -(-(exports - left) // quota.exports))
        return cls(
            family=family.name,
            days=max(plan.days for plan in plans),
            streams=sum(plan.exports > 0 for plan in plans),
            window_days=window_days,
            exports=exports,
            per_day=quota.exports,
            left=left,
            finish=family.surroundings.clock.now() + waits * quota.period,
        )

    def __str__(self) -> str:
        """Advise as a colleague would."""
        nights = -(-self.exports // self.per_day)
        return (
            f"{self.family}: {self.days} days × {self.streams} tables at {self.per_day} exports a "  # noqa: RUF001 (times)
            f"day = {nights} days; {self.window_days}-day windows need {self.exports} exports; "
            f"{self.left} left now, the last is possible on {self.finish:%Y-%m-%d %H:%M} UTC"
        )


def as_json(plans: Sequence[StreamPlan | QuotaPlan]) -> dict[str, Any]:
    """Return plans as JSON: instants in UTC, durations in seconds."""
    kinds = {"streams": StreamPlan, "quotas": QuotaPlan}
    return {
        name: [_plain(asdict(plan)) for plan in plans if isinstance(plan, kind)]
        for name, kind in kinds.items()
    }


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    return {n: iso(v) if hasattr(v, "astimezone") else v for n, v in facts.items()}
