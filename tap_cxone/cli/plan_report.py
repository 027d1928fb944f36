"""Plans of a run as lines of text and as JSON, for `--plan`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tap_cxone.clock import iso
from tap_cxone.progress.formatting import format_minute, plural
from tap_cxone.windows import window_between

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_cxone.planning.plan import FamilyPlan, StreamPlan
    from tap_cxone.planning.workload import Workload


def plan_lines(plan: FamilyPlan) -> Iterator[str]:
    """Yield one line per stream, one for the family if it needs exports, and one per advice."""
    yield from map(stream_line, plan.streams)
    if plan.needed:
        yield f"{plan.family}: {_family_text(plan)}"
    yield from (f"{plan.family}: advice: {advice}" for advice in plan.advice)


def stream_line(plan: StreamPlan) -> str:
    """Return the plan of one stream as one line."""
    workload = plan.workload
    label = f"{workload.family} {workload.stream}"
    if (start_and_end := workload.start_and_end) is None:
        next_start = format_minute(workload.start)
        return f"{label}: nothing to read yet; the next window starts at {next_start}"
    span, order = window_between(*start_and_end), _order_text(workload)
    windows = f"{plural(len(workload.windows), 'window')}{_width_text(workload)}{order}"
    text = f"{label}: {span}, {windows}, {_needs_text(plan)}"
    text += f", {_finish_text(plan)}"
    return f"{text}; {plan.remaining.description}" if plan.remaining else text


def _finish_text(plan: StreamPlan) -> str:
    if plan.earliest_finish is None:
        return "not done while new rows need all exports of a day"
    return f"done {format_minute(plan.earliest_finish)} at the earliest"


def _width_text(workload: Workload) -> str:
    """Return the days of windows that became narrower; empty for those of the settings."""
    if workload.narrowed_days is None:
        return ""
    return f" of at most {plural(workload.narrowed_days, 'day')}, since wider ones failed"


def _order_text(workload: Workload) -> str:
    """Return where the history comes in the order of a plan; empty if all is in order of time."""
    if not workload.history or not workload.newest_first:
        return ""
    return f" (the newest first; {len(workload.history)} of history last, backwards)"


def _needs_text(plan: StreamPlan) -> str:
    workload = plan.workload
    pending = len(workload.windows) - len(workload.windows_without_job)
    pending_text = f" ({pending} already submitted)" if pending else ""
    return f"{plural(workload.needed, workload.unit.removesuffix('s'))} needed{pending_text}"


def _family_text(plan: FamilyPlan) -> str:
    unfinished = [p.workload for p in plan.streams if p.workload.windows_without_job]
    finish_text = format_minute(plan.earliest_finish) if plan.earliest_finish else "no time"
    if plan.exports_per_day is None:
        duration = timedelta(seconds=round(plan.min_duration.total_seconds()))
        total = plural(plan.needed, unfinished[0].unit.removesuffix("s"))
        return (
            f"{plural(len(unfinished), 'stream')}, {total}, {_limits_text(plan)}: "
            f"at least {duration}, done {finish_text} at the earliest"
        )
    max_days = max(workload.days for workload in unfinished)
    days_needed = -(-plan.needed // plan.exports_per_day)
    return (
        f"{max_days} days × {len(unfinished)} tables "  # noqa: RUF001 (multiplication sign)
        f"at {plan.exports_per_day} exports a day = {plural(days_needed, 'day')}; "
        f"{plan.window_days}-day windows need {plural(plan.needed, 'export')}; "
        f"{plan.remaining} left now, the last is possible at {finish_text}"
    )


def _limits_text(plan: FamilyPlan) -> str:
    if plan.streams[0].workload.unit == "calls":
        return "more where a window has several pages"
    interval = plan.min_submit_interval.total_seconds()
    interval_text = f", {interval:g} s apart" if interval else ""
    return f"{plan.max_concurrent} at a time{interval_text}"


def plans_as_json(plans: Sequence[FamilyPlan]) -> dict[str, Any]:
    """Return the plans of all families as JSON."""
    return {
        "streams": [stream_as_json(stream) for plan in plans for stream in plan.streams],
        "families": [family_as_json(plan) for plan in plans],
    }


def stream_as_json(plan: StreamPlan) -> dict[str, Any]:
    """Return the plan of one stream as JSON: instants in UTC, durations in seconds."""
    workload = plan.workload
    start_and_end = workload.start_and_end
    return {
        "family": workload.family,
        "stream": workload.stream,
        "start": iso(start_and_end[0]) if start_and_end else None,
        "end": iso(start_and_end[1]) if start_and_end else None,
        "order": "newest_first" if workload.newest_first else "oldest_first",
        "history_windows": len(workload.history),
        "days": workload.days,
        "windows": len(workload.windows),
        "narrowed_days": workload.narrowed_days,
        "unit": workload.unit,
        "needed": workload.needed,
        "windows_needed": [
            {"start": iso(w.start), "end": iso(w.end)} for w in workload.windows_without_job
        ],
        "remaining": plan.remaining.count if plan.remaining else None,
        "at_least_seconds": plan.min_duration.total_seconds(),
        "earliest_finish": iso(plan.earliest_finish) if plan.earliest_finish else None,
    }


def family_as_json(plan: FamilyPlan) -> dict[str, Any]:
    """Return the plan of one family as JSON: instants in UTC, durations in seconds."""
    return {
        "family": plan.family,
        "streams": sum(bool(p.workload.windows_without_job) for p in plan.streams),
        "days": max(p.workload.days for p in plan.streams),
        "window_days": plan.window_days or None,
        "needed": plan.needed,
        "per_day": plan.exports_per_day,
        "remaining": plan.remaining,
        "at_least_seconds": plan.min_duration.total_seconds(),
        "earliest_finish": iso(plan.earliest_finish) if plan.earliest_finish else None,
        "advice": list(plan.advice),
    }
