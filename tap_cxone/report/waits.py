"""Facts → how long each job was waited for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from tap_cxone.report.log_parser import Line
    from tap_cxone.windows import Window

_DAY = timedelta(days=1)
_START_EVENTS = {"job_created", "job_found"}
_END_OUTCOMES = {"download": "came", "job_failed": "failed"}
_JOB_EVENTS = {*_START_EVENTS, *_END_OUTCOMES, "job_state"}
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class JobWait:
    """From a job to its file, in one run.

    Attributes:
        family: The API.
        stream: The stream.
        window: What was asked for.
        job_id: The API's name for the job.
        found: Whether it was there already, from an earlier run or a lost answer.
        wanted: When the tap was ready to ask; before `began` by the waits for the API's limits.
        began: When the API accepted the job, or it was found.
        ended: When the file came or the job failed; else the last line of its run.
        outcome: `came`, `failed`, or `unknown` where no line says.
        states: When the API showed which state.
    """

    family: str
    stream: str
    window: Window | None
    job_id: str | None
    adopted: bool
    ready_at: datetime
    started_at: datetime
    ended_at: datetime
    outcome: str
    states: tuple[tuple[datetime, str], ...]

    @property
    def duration(self) -> timedelta:
        """Return how long the job was waited for."""
        return self.ended_at - self.started_at


def waits(lines: Sequence[Line]) -> list[JobWait]:
    """Return every job that was waited for, in the order they began."""
    ends = {line.run: line.at for line in lines}
    lines_by_job: dict[tuple[str, str | None, str | Window | None], list[Line]] = {}
    for line in lines:
        if line.event in _JOB_EVENTS:
            lines_by_job.setdefault((line.run, line.stream, line.job_id or line.window), []).append(
                line
            )
    result = [wait for group in lines_by_job.values() if (wait := _wait(group, ends[group[0].run]))]
    return sorted(result, key=lambda wait: wait.started_at)


def _wait(lines: Sequence[Line], run_ended: datetime) -> JobWait | None:
    begin = next((line for line in lines if line.event in _START_EVENTS), None)
    if begin is None:
        return None
    # A damaged file is fetched once more: what came last is what was waited for.
    end = next((line for line in reversed(lines) if line.event in _END_OUTCOMES), None)
    return JobWait(
        family=begin.family or "",
        stream=begin.stream or "",
        window=begin.window,
        job_id=begin.job_id,
        adopted=begin.event == "job_found",
        ready_at=_ready_at(begin),
        started_at=begin.at,
        ended_at=end.at if end else run_ended,
        outcome=_END_OUTCOMES[end.event] if end else UNKNOWN,
        states=tuple((line.at, line.state) for line in lines if line.state),
    )


def _ready_at(begin: Line) -> datetime:
    # No run waits longer than a day to ask; what says so is no time that a drawing could hold.
    waited = min(max(0, begin.latency_ms or 0) / 1000, _DAY.total_seconds())
    return begin.at - timedelta(seconds=waited)


def longest(all_waits: Iterable[JobWait], max_count: int) -> list[JobWait]:
    """Return the longest waits, the longest first."""
    return sorted(all_waits, key=lambda wait: wait.duration, reverse=True)[:max_count]
