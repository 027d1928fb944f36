"""Waiting time of each job, computed from log lines."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from tap_cxone.report.log_parser import Line
    from tap_cxone.windows import Window

_DAY = timedelta(days=1)
_START_EVENTS = {"job_created", "job_adopted"}
_END_OUTCOMES = {"file_downloaded": "came", "job_failed": "failed"}
_JOB_EVENTS = {*_START_EVENTS, *_END_OUTCOMES, "job_state"}
UNKNOWN = "unknown"


class JobWait(Struct, frozen=True):
    """Wait for one job in one run, from its acceptance to its file.

    Attributes:
        family: The API family.
        stream: The stream.
        window: The requested window.
        job_id: The API's id of the job.
        adopted: True if the job existed already, from an earlier run or a lost response.
        ready_at: When the tap was ready to submit, before the waits for the API's limits.
        started_at: When the API accepted the job, or the tap adopted it.
        ended_at: When the file arrived or the job failed; else the last line of the run.
        outcome: `came`, `failed`, or `unknown` if no line reports it.
        states: The states that the API reported, each with its time.
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
        """Return the time from the acceptance of the job to the end of the wait."""
        return self.ended_at - self.started_at


def waits(lines: Sequence[Line]) -> list[JobWait]:
    """Return the waits of all jobs, ordered by their start."""
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
    # A damaged file is downloaded again, so the last event ends the wait.
    end = next((line for line in reversed(lines) if line.event in _END_OUTCOMES), None)
    return JobWait(
        family=begin.family or "",
        stream=begin.stream or "",
        window=begin.window,
        job_id=begin.job_id,
        adopted=begin.event == "job_adopted",
        ready_at=_ready_at(begin),
        started_at=begin.at,
        ended_at=end.at if end else run_ended,
        outcome=_END_OUTCOMES[end.event] if end else UNKNOWN,
        states=tuple((line.at, line.state) for line in lines if line.state),
    )


def _ready_at(begin: Line) -> datetime:
    # No run waits longer than a day to submit. A longer latency would not fit the drawing.
    waited = min(max(0, begin.latency_ms or 0) / 1000, _DAY.total_seconds())
    return begin.at - timedelta(seconds=waited)


def longest(all_waits: Iterable[JobWait], max_count: int) -> list[JobWait]:
    """Return the longest waits, longest first."""
    return sorted(all_waits, key=lambda wait: wait.duration, reverse=True)[:max_count]
