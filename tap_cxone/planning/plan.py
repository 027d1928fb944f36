"""Cost and earliest end of a run, computed without spending an export."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from tap_cxone.planning.advice import advise, exports_for_new_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tap_cxone.context import ApiFamily
    from tap_cxone.http.rate_limit import ExportQuota
    from tap_cxone.planning.workload import RemainingCalls, Unit, Workload

_ZERO = timedelta(0)


class StreamPlan(Struct, frozen=True):
    """Workload of one stream and its minimum duration.

    Attributes:
        workload: The windows to read.
        min_duration: Lower bound by the API's limits, without other streams of the family.
        remaining: Remaining quota as reported by the API; None if it reports none.
        earliest_finish: Earliest end, with other streams of the family, and with the new rows of
            later days where these come first. None until computed, or if these need all exports.
    """

    workload: Workload
    min_duration: timedelta
    remaining: RemainingCalls | None = None
    earliest_finish: datetime | None = None

    @classmethod
    def from_workload(
        cls, workload: Workload, family: ApiFamily, remaining: RemainingCalls | None = None
    ) -> StreamPlan:
        """Return the plan for one workload of a family."""
        return cls(
            workload,
            min_duration(family, workload.needed, workload.unit),
            remaining,
        )


class FamilyPlan(Struct, frozen=True):
    """Plans of a family's streams under the limits of the family.

    Attributes:
        family: Name of the API family.
        streams: Plans of its streams, in the order in which they run.
        exports_per_day: Exports allowed in 24 hours; None if they are not counted.
        remaining: Exports, or calls, that remain now; None if unknown.
        max_concurrent: Number of jobs that may run concurrently.
        min_submit_interval: Minimum time between two submits; zero without a limit.
        min_duration: Lower bound for all streams by the limits, without the quota.
        earliest_finish: Earliest end of all streams, with the quota; None if one has none.
        advice: Texts on settings that would improve the plan.
        window_days: Days of one export; 0 if the window determines the rows.
    """

    family: str
    streams: tuple[StreamPlan, ...]
    exports_per_day: int | None
    remaining: int | None
    max_concurrent: int
    min_submit_interval: timedelta
    min_duration: timedelta
    earliest_finish: datetime | None
    advice: tuple[str, ...]
    window_days: int

    @classmethod
    def from_stream_plans(cls, family: ApiFamily, plans: Sequence[StreamPlan]) -> FamilyPlan:
        """Return the plan of a family from the plans of its streams, at least one."""
        now, quota = family.context.clock.now(), family.limits.quota
        reported_remaining = min(
            (plan.remaining.count for plan in plans if plan.remaining), default=None
        )
        remaining = family.rate_limiter.remaining_exports() if quota else reported_remaining
        timed_plans = _with_finish_times(family, plans, now)
        workloads = [plan.workload for plan in plans]
        needed = sum(workload.needed for workload in workloads)
        finish_times = [plan.earliest_finish for plan in timed_plans]
        known_times = [time for time in finish_times if time]
        return cls(
            family=family.name,
            streams=timed_plans,
            exports_per_day=quota.exports if quota else None,
            remaining=remaining,
            max_concurrent=family.limits.max_concurrent,
            min_submit_interval=family.limits.min_submit_interval,
            min_duration=min_duration(family, needed, workloads[0].unit),
            earliest_finish=max([_start_time(family, now), *known_times])
            if len(known_times) == len(finish_times)
            else None,
            advice=tuple(advise(family, workloads, remaining)),
            window_days=family.window_days,
        )

    @property
    def needed(self) -> int:
        """Return the number of exports, or calls, that all streams need."""
        return sum(plan.workload.needed for plan in self.streams)


def quota_eta(workload: Workload, family: ApiFamily) -> datetime | None:
    """Return when the quota lets a stream finish; None without one, or if this run can finish.

    No other stream is expected to use the quota.
    """
    if family.limits.quota is None:
        return None
    plan = FamilyPlan.from_stream_plans(family, [StreamPlan.from_workload(workload, family)])
    return plan.earliest_finish if plan.needed > (plan.remaining or 0) else None


def min_duration(family: ApiFamily, exports: int, unit: Unit) -> timedelta:
    """Return the minimum duration of a number of exports by a family's limits; zero for calls."""
    if not exports or unit == "calls":
        return _ZERO
    rounds = -(-exports // family.limits.max_concurrent)
    return max(
        family.limits.min_submit_interval * (exports - 1), family.poll_policy.interval * rounds
    )


def _with_finish_times(
    family: ApiFamily, plans: Sequence[StreamPlan], now: datetime
) -> tuple[StreamPlan, ...]:
    """Return the plans with their earliest ends; streams of a family run one after the other."""
    quota, cumulative, timed = family.limits.quota, 0, []
    submit_order = sorted(
        (priority, plan.workload.stream)
        for plan in plans
        for priority in plan.workload.export_priorities()
    )
    last_index = {stream: index for index, (_, stream) in enumerate(submit_order)}
    for plan in plans:
        workload = plan.workload
        end: datetime | None = (start := _start_time(family, now))
        cumulative += workload.needed
        if workload.windows_without_job and quota:
            reserved = exports_for_new_rows(family, len(plans))
            released_at = _release_time(family, quota, last_index[workload.stream], reserved)
            end = released_at and max(start, released_at)
        elif workload.windows_without_job:
            end = max(
                start + min_duration(family, cumulative, workload.unit),
                _reset_time(plan.remaining, cumulative) or start,
            )
        timed.append(structs.replace(plan, earliest_finish=end))
    return tuple(timed)


def _start_time(family: ApiFamily, now: datetime) -> datetime:
    """Return the next instant at which the settings let the family be read."""
    return now if family.hours.contains(now) else family.hours.next_start(now)


def _reset_time(remaining: RemainingCalls | None, needed: int) -> datetime | None:
    """Return when a reported quota is renewed, if it does not cover the calls; else None."""
    return remaining.reset_at if remaining and needed > remaining.count else None


def _release_time(
    family: ApiFamily, quota: ExportQuota, number: int, reserved: int
) -> datetime | None:
    """Return when an export becomes available; None if never.

    Args:
        family: The family, with its submit times.
        quota: Its quota.
        number: Number of exports before this one.
        reserved: Exports of each later period that others take first.
    """
    times = _release_times(family, quota, family.context.clock.now())
    if number < quota.exports:
        return times[number]
    if reserved >= quota.exports:
        return None
    periods, index = divmod(number - quota.exports, quota.exports - reserved)
    return times[reserved + index] + (periods + 1) * quota.period


def _release_times(family: ApiFamily, quota: ExportQuota, now: datetime) -> list[datetime]:
    """Return the instants at which each export of a quota becomes available, earliest first."""
    upcoming_releases = [at + quota.period for at in family.rate_limiter.submit_times()][
        -quota.exports :
    ]
    return [*[now] * (quota.exports - len(upcoming_releases)), *upcoming_releases]
