"""What a run would do, found out without spending an export."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from tap_cxone.clock import iso
from tap_cxone.planning.advice import advise
from tap_cxone.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from tap_cxone.context import ApiFamily
    from tap_cxone.http.rate_limit import ExportQuota

Unit = Literal["exports", "calls"]
_DAY = timedelta(days=1)
_NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class RemainingCalls:
    """What an API says is left of its quota: a number of calls, and its words."""

    count: int
    description: str


@dataclass(frozen=True, slots=True)
class Workload:
    """What one stream has to do.

    Attributes:
        family: Its API.
        stream: Its name.
        unit: What a window costs: an export, or one call and one more a further page.
        windows: What it would read.
        due: Those of them that have no job yet.
        start: Where it would begin.
        asked_for: Where it was told to begin, if the API's memory does not reach so far.
    """

    family: str
    stream: str
    unit: Unit
    windows: tuple[Window, ...]
    windows_without_job: tuple[Window, ...]
    start: datetime
    requested_start: datetime | None = None

    @property
    def days(self) -> int:
        """Return how many days there are to read, begun ones included."""
        if not self.windows:
            return 0
        return -(-(self.windows[-1].end - self.windows[0].start) // _DAY)


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """What one stream has to do, and how long that takes at least.

    Attributes:
        work: What it has to do.
        at_least: How long the API's own limits make it take, if no other stream is in its way.
        left: What the API says is left, where it says so.
        finish: The earliest end, the family's other streams considered; None until they are.
    """

    workload: Workload
    min_duration: timedelta
    remaining: RemainingCalls | None = None
    earliest_finish: datetime | None = None

    @classmethod
    def from_workload(
        cls, workload: Workload, family: ApiFamily, remaining: RemainingCalls | None = None
    ) -> StreamPlan:
        """Return the plan for some work of a family."""
        return cls(
            workload,
            min_duration(family, len(workload.windows_without_job), workload.unit),
            remaining,
        )

    def __str__(self) -> str:
        """Show it as one line."""
        workload = self.workload
        label = f"{workload.family} {workload.stream}"
        if not workload.windows:
            return f"{label}: nothing to read yet from {_format_minute(workload.start)} on"
        span = Window(workload.windows[0].start, workload.windows[-1].end)
        text = f"{label}: {span}, {_plural(len(workload.windows), 'window')}, {self._needs_text()}"
        if self.earliest_finish:
            text += f", done {_format_minute(self.earliest_finish)} at the earliest"
        return f"{text}; {self.remaining.description}" if self.remaining else text

    def _needs_text(self) -> str:
        pending = len(self.workload.windows) - len(self.workload.windows_without_job)
        pending_text = f" ({pending} asked for already)" if pending else ""
        return f"{_plural(len(self.workload.windows_without_job), self.workload.unit.removesuffix('s'))} needed{pending_text}"

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON: instants in UTC, durations in seconds."""
        workload = self.workload
        return {
            "family": workload.family,
            "stream": workload.stream,
            "start": iso(workload.windows[0].start) if workload.windows else None,
            "end": iso(workload.windows[-1].end) if workload.windows else None,
            "days": workload.days,
            "windows": len(workload.windows),
            "unit": workload.unit,
            "needed": len(workload.windows_without_job),
            "to_ask_for": [
                {"start": iso(w.start), "end": iso(w.end)} for w in workload.windows_without_job
            ],
            "left": self.remaining.count if self.remaining else None,
            "at_least_seconds": self.min_duration.total_seconds(),
            "earliest_finish": iso(self.earliest_finish) if self.earliest_finish else None,
        }


@dataclass(frozen=True, slots=True)
class FamilyPlan:
    """What the limits of a family make of its streams' plans.

    Attributes:
        family: The API.
        streams: Its streams, in the order they run.
        per_day: How many exports it allows in 24 hours; None if it does not count them.
        left: How many exports, or calls, it allows now; None if that is not known.
        limits: Its other limits, in words.
        at_least: How long its limits make all of it take, the quota left out.
        finish: When all of it can be done.
        advice: What a colleague would say.
        window_days: How many days one export holds; 0 where that decides what a row is.
    """

    family: str
    streams: tuple[StreamPlan, ...]
    exports_per_day: int | None
    remaining: int | None
    limits_text: str
    min_duration: timedelta
    earliest_finish: datetime
    advice: tuple[str, ...]
    window_days: int

    @classmethod
    def from_stream_plans(cls, family: ApiFamily, plans: Sequence[StreamPlan]) -> FamilyPlan:
        """Return the plan of a family of which at least one stream is selected."""
        now, quota = family.context.clock.now(), family.limits.quota
        reported_remaining = min(
            (plan.remaining.count for plan in plans if plan.remaining), default=None
        )
        remaining = family.rate_limiter.remaining_exports() if quota else reported_remaining
        timed_plans = _with_finish_times(family, plans, now)
        workloads = [plan.workload for plan in plans]
        needed = sum(len(workload.windows_without_job) for workload in workloads)
        finish_times = [plan.earliest_finish for plan in timed_plans if plan.earliest_finish]
        return cls(
            family=family.name,
            streams=timed_plans,
            exports_per_day=quota.exports if quota else None,
            remaining=remaining,
            limits_text=_limits_text(family, workloads[0].unit),
            min_duration=min_duration(family, needed, workloads[0].unit),
            earliest_finish=max([now, *finish_times]),
            advice=tuple(advise(family, workloads, remaining)),
            window_days=family.window_days,
        )

    @property
    def needed(self) -> int:
        """Return how many exports, or calls, all streams need."""
        return sum(len(plan.workload.windows_without_job) for plan in self.streams)

    def lines(self) -> Iterable[str]:
        """Yield a line a stream, one of the family, and one an advice."""
        yield from map(str, self.streams)
        if self.needed:
            yield f"{self.family}: {self._summary_text()}"
        yield from (f"{self.family}: advice: {advice}" for advice in self.advice)

    def _summary_text(self) -> str:
        unfinished = [plan.workload for plan in self.streams if plan.workload.windows_without_job]
        if self.exports_per_day is None:
            duration = timedelta(seconds=round(self.min_duration.total_seconds()))
            total = _plural(self.needed, unfinished[0].unit.removesuffix("s"))
            return (
                f"{_plural(len(unfinished), 'stream')}, {total}, {self.limits_text}: at least {duration}, done "
                f"{_format_minute(self.earliest_finish)} at the earliest"
            )
        days_needed = -(-self.needed // self.exports_per_day)
        return (
            f"{max(workload.days for workload in unfinished)} days × {len(unfinished)} tables at {self.exports_per_day} exports "  # noqa: RUF001 (times)
            f"a day = {_plural(days_needed, 'day')}; {self.window_days}-day windows need "
            f"{_plural(self.needed, 'export')}; {self.remaining} left now, the last is possible on "
            f"{_format_minute(self.earliest_finish)}"
        )

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON: instants in UTC, durations in seconds."""
        return {
            "family": self.family,
            "streams": sum(bool(plan.workload.windows_without_job) for plan in self.streams),
            "days": max(plan.workload.days for plan in self.streams),
            "window_days": self.window_days or None,
            "needed": self.needed,
            "per_day": self.exports_per_day,
            "left": self.remaining,
            "at_least_seconds": self.min_duration.total_seconds(),
            "earliest_finish": iso(self.earliest_finish),
            "advice": list(self.advice),
        }


def min_duration(family: ApiFamily, exports: int, unit: Unit) -> timedelta:
    """Return how long a family's limits make so many exports take; calls take none."""
    if not exports or unit == "calls":
        return _NOTHING
    rounds = -(-exports // family.limits.max_concurrent)
    return max(
        family.limits.min_submit_interval * (exports - 1), family.poll_policy.interval * rounds
    )


def _with_finish_times(
    family: ApiFamily, plans: Sequence[StreamPlan], now: datetime
) -> tuple[StreamPlan, ...]:
    """Say of each plan when it can end, as its family's streams run one after the other."""
    quota, cumulative, timed = family.limits.quota, 0, []
    # The day's exports go to the oldest windows of all streams.
    submit_order = sorted(
        (window.start, p.workload.stream)
        for p in plans
        for window in p.workload.windows_without_job
    )
    last_index = {stream: index for index, (_, stream) in enumerate(submit_order)}
    for plan in plans:
        cumulative += len(plan.workload.windows_without_job)
        end = (
            now + min_duration(family, cumulative, plan.workload.unit)
            if plan.workload.windows_without_job
            else now
        )
        if quota and plan.workload.windows_without_job:
            periods, index = divmod(last_index[plan.workload.stream], quota.exports)
            end = _release_times(family, quota, now)[index] + periods * quota.period
        timed.append(replace(plan, earliest_finish=end))
    return tuple(timed)


def _release_times(family: ApiFamily, quota: ExportQuota, now: datetime) -> list[datetime]:
    """Return when each of the exports that a quota allows is free, the earliest first."""
    upcoming_releases = [at + quota.period for at in family.rate_limiter.submit_times()][
        -quota.exports :
    ]
    return [*[now] * (quota.exports - len(upcoming_releases)), *upcoming_releases]


def _limits_text(family: ApiFamily, unit: Unit) -> str:
    if unit == "calls":
        return "more where a window has several pages"
    interval = family.limits.min_submit_interval.total_seconds()
    interval_text = f", {interval:g} s apart" if interval else ""
    return f"{family.limits.max_concurrent} at a time{interval_text}"


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _format_minute(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def as_json(plans: Sequence[FamilyPlan]) -> dict[str, Any]:
    """Return the plans of all families as JSON."""
    return {
        "streams": [stream.as_json() for plan in plans for stream in plan.streams],
        "families": [plan.as_json() for plan in plans],
    }
