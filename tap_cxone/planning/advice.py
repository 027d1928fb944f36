"""Settings that would improve a plan; pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cxone.events.log_files import is_address
from tap_cxone.planning.waits import median_waits
from tap_cxone.progress.formatting import format_duration, plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_cxone.context import ApiFamily
    from tap_cxone.planning.workload import Workload

_WORTHWHILE_FACTOR = 2  # of the longest wait over the shortest
_MANY_CALLS = 1000  # of one stream, which take minutes


def advise(
    family: ApiFamily, workloads: Sequence[Workload], remaining: int | None
) -> Iterator[str]:
    """Yield advice on the settings of a family for the workloads of its streams.

    Args:
        family: The family, with its limits and settings.
        workloads: The workload of each selected stream.
        remaining: Number of exports, or calls, that remain now; None if unknown.
    """
    for workload in workloads:
        if workload.unmet_start:
            yield (
                f"{workload.stream}: start {workload.unmet_start:%Y-%m-%d} is before the API's "
                f"history limit; older rows than {workload.start:%Y-%m-%d} are not available"
            )
    yield from _advise_wider_windows(family, workloads)
    yield from _advise_whole_windows(family, workloads)
    yield from _advise_concurrency(family, workloads)
    if family.limits.quota:
        yield from _advise_daily_quota(family, workloads, family.limits.quota.exports)
        yield from _advise_order(family, workloads, family.limits.quota.exports)
    yield from _advise_many_calls(workloads)
    yield from _advise_remaining_calls(family, workloads, remaining)
    yield from _advise_hours(family)


def _total_needed(workloads: Sequence[Workload]) -> int:
    return sum(workload.needed for workload in workloads)


def _advise_wider_windows(family: ApiFamily, workloads: Sequence[Workload]) -> Iterator[str]:
    """Yield advice to widen the windows if that needs fewer exports."""
    unfinished = [workload for workload in workloads if workload.windows_without_job]
    if not family.window_days or not unfinished:
        return
    quota, setting = family.limits.quota, f"{family.name}.window_days"
    needed = _total_needed(unfinished)
    # With a quota, the widest window is worth a trial; without one, the API's limit applies.
    max_days = max(workload.days for workload in unfinished)
    days_over_quota = max_days if quota and needed > quota.exports else 0
    caveat = ", if the API accepts such a long window (it documents no limit)"
    for days, suffix in ((family.max_window_days, ""), (days_over_quota, caveat)):
        if days <= family.window_days:
            continue
        exports_needed = sum(-(-workload.days // days) for workload in unfinished)
        if 0 < exports_needed < needed:
            yield f"{setting}: {days} would need {exports_needed} exports, not {needed}{suffix}"


def _advise_whole_windows(family: ApiFamily, workloads: Sequence[Workload]) -> Iterator[str]:
    """Yield advice for each stream whose rows depend on the time range of the run."""
    for workload in workloads:
        if workload.cuts_aggregates:
            yield (
                f"{workload.stream}: start_date or end_date cuts a window of "
                f"{workload.aggregate_days} days, and a row sums up its window. So runs of single "
                f"months give other rows than one run: for them set {family.name}.window_days to 1"
            )


def _advise_concurrency(family: ApiFamily, workloads: Sequence[Workload]) -> Iterator[str]:
    """Yield advice to run more jobs concurrently if the API allows it."""
    current, max_jobs = family.limits.max_concurrent, family.max_concurrent_jobs
    if current < max_jobs and _total_needed(workloads) > current:
        yield (
            f"{family.name}.max_concurrent: {max_jobs} lets {max_jobs} exports run at once, "
            f"not {current}, if other clients of the tenant use none of them"
        )


def _advise_daily_quota(
    family: ApiFamily, workloads: Sequence[Workload], exports_per_day: int
) -> Iterator[str]:
    """Yield advice to select fewer tables if a nightly run exceeds the daily quota."""
    exports_per_night = nightly_exports(family, len(workloads))
    days_per_night = nightly_days(family)
    exports_per_stream = exports_per_night // len(workloads)
    if exports_per_night == exports_per_day:
        wait = format_duration(family.limits.quota_wait)
        yield (
            f"every night {len(workloads)} tables need all {exports_per_day} exports that are "
            "allowed. A run that starts less than 24 hours after the one before waits for each of "
            f"them, up to {wait} ({family.name}.quota_wait_minutes)"
        )
    if exports_per_night > exports_per_day:
        lookback_text = f" and lookback_days {days_per_night - 1}" if exports_per_stream > 1 else ""
        yield (
            f"every night {len(workloads)} tables{lookback_text} need {exports_per_night} exports "
            f"and {exports_per_day} are allowed: some wait until the next day, and no row is lost. "
            f"List fewer in {family.name}.tables to read each of them every day"
        )


def _advise_order(
    family: ApiFamily, workloads: Sequence[Workload], exports_per_day: int
) -> Iterator[str]:
    """Yield advice to read the history first if new rows need all exports of a day."""
    spare = exports_per_day - exports_for_new_rows(family, len(workloads))
    if spare <= 0 and any(workload.history for workload in workloads):
        yield (
            f"the new rows of {len(workloads)} tables need all {exports_per_day} exports of a day, "
            "so newest_first leaves none for the history: set backfill_order to oldest_first, or "
            f"list fewer tables in {family.name}.tables, until the history is complete"
        )


def exports_for_new_rows(family: ApiFamily, streams: int) -> int:
    """Return the exports of each later day that new rows need before the history does."""
    settings = family.context.settings
    has_new_rows = settings.newest_first and settings.end_date is None
    return nightly_exports(family, streams) if has_new_rows else 0


def nightly_days(family: ApiFamily) -> int:
    """Return the number of days that a run of each night reads, at least."""
    return family.context.settings.lookback.days + 1


def nightly_exports(family: ApiFamily, streams: int) -> int:
    """Return the number of exports that a run of each night needs for its new rows, at least."""
    return streams * -(-nightly_days(family) // (family.window_days or 1))


def _advise_hours(family: ApiFamily) -> Iterator[str]:
    """Yield the hours of the settings, and advice on them from the waits of earlier runs."""
    hours, path = family.hours, family.context.settings.audit_log_path
    if not hours.contains(family.context.clock.now()):
        yield f"a run now reads nothing: {family.name} is read from {hours}"
    waits = median_waits(path, family.name) if path and not is_address(path) else {}
    if not waits:
        return
    best, worst = (choose(waits, key=lambda hour: waits[hour]) for choose in (min, max))
    if waits[worst] >= waits[best] * _WORTHWHILE_FACTOR:
        yield (
            f"jobs submitted from {best:02}:00 UTC took {format_duration(waits[best])} in the "
            f"median, and from {worst:02}:00 UTC {format_duration(waits[worst])}: "
            f"{family.name}.not_before_utc and {family.name}.not_after_utc can limit the runs"
        )


def _advise_many_calls(workloads: Sequence[Workload]) -> Iterator[str]:
    """Yield advice for each stream whose short windows need many calls."""
    for workload in workloads:
        if workload.unit == "calls" and workload.needed > _MANY_CALLS:
            length = max(window.end - window.start for window in workload.windows)
            yield (
                f"{workload.stream} needs {workload.needed} calls, about "
                f"{-(-workload.needed // workload.days)} a day, because a window has at most "
                f"{format_duration(length)} and costs {plural(workload.calls_per_window, 'call')}: "
                "set start_date to a later day, or deselect the stream"
            )


def _advise_remaining_calls(
    family: ApiFamily, workloads: Sequence[Workload], remaining: int | None
) -> Iterator[str]:
    """Yield a warning if fewer calls remain than the workloads need."""
    needed = _total_needed(workloads)
    if remaining is not None and not family.limits.quota and needed > remaining:
        yield (
            f"at least {needed} calls are needed and {remaining} are left: the run stops when they "
            "are used up, and the next run continues"
        )
