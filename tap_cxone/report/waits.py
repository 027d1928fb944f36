"""Facts → how long each job was waited for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from tap_cxone.report.reading import Line
    from tap_cxone.windows import Window

_DAY = timedelta(days=1)
_BEGINS = {"job_created", "job_found"}
_ENDS = {"download": "came", "job_failed": "failed"}
_ABOUT = {*_BEGINS, *_ENDS, "job_state"}
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Wait:
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
    found: bool
    wanted: datetime
    began: datetime
    ended: datetime
    outcome: str
    states: tuple[tuple[datetime, str], ...]

    @property
    def took(self) -> timedelta:
        """Return how long the job was waited for."""
        return self.ended - self.began


def waits(lines: Sequence[Line]) -> list[Wait]:
    """Return every job that was waited for, in the order they began."""
    ends = {line.run: line.at for line in lines}
    found: dict[tuple[str, str | None, str | Window | None], list[Line]] = {}
    for line in lines:
        if line.event in _ABOUT:
            found.setdefault((line.run, line.stream, line.job_id or line.window), []).append(line)
    every = [wait for own in found.values() if (wait := _wait(own, ends[own[0].run]))]
    return sorted(every, key=lambda wait: wait.began)


def _wait(lines: Sequence[Line], run_ended: datetime) -> Wait | None:
    begin = next((line for line in lines if line.event in _BEGINS), None)
    if begin is None:
        return None
    # A damaged file is fetched once more: what came last is what was waited for.
    end = next((line for line in reversed(lines) if line.event in _ENDS), None)
    return Wait(
        family=begin.family or "",
        stream=begin.stream or "",
        window=begin.window,
        job_id=begin.job_id,
        found=begin.event == "job_found",
        wanted=_wanted(begin),
        began=begin.at,
        ended=end.at if end else run_ended,
        outcome=_ENDS[end.event] if end else UNKNOWN,
        states=tuple((line.at, line.state) for line in lines if line.state),
    )


def _wanted(begin: Line) -> datetime:
    # No run waits longer than a day to ask; what says so is no time that a drawing could hold.
    waited = min(max(0, begin.latency_ms or 0) / 1000, _DAY.total_seconds())
    return begin.at - timedelta(seconds=waited)


def longest(found: Iterable[Wait], most: int) -> list[Wait]:
    """Return the longest waits, the longest first."""
    return sorted(found, key=lambda wait: wait.took, reverse=True)[:most]
