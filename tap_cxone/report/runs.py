"""Runs and their outcomes, computed from log lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from tap_cxone.report.log_parser import Line


class Run(Struct, frozen=True):
    """One run of the tap; without an outcome it was killed or is still running.

    Attributes:
        run_id: The id that its lines share.
        started_at: Time of its first line.
        ended_at: Time of its last line.
        outcome: The logged outcome; empty if no line reports it.
        version: Version of the tap.
        streams: Number of selected streams.
        failed: Names of the failed streams.
        rows: Number of emitted rows.
        seconds: The logged duration, else the time between first and last line.
        stream_summaries: The `stream_ended` lines; empty if the run was killed.
    """

    run_id: str
    started_at: datetime
    ended_at: datetime
    outcome: str
    version: str
    streams: int
    failed: tuple[str, ...]
    rows: int
    seconds: float
    stream_summaries: tuple[Line, ...]


def runs(lines: Iterable[Line]) -> list[Run]:
    """Return the runs, newest first."""
    lines_by_run: dict[str, list[Line]] = {}
    for line in lines:
        lines_by_run.setdefault(line.run, []).append(line)
    return sorted(
        (_run(name, group) for name, group in lines_by_run.items()),
        key=lambda run: run.started_at,
        reverse=True,
    )


def _run(run_id: str, lines: Sequence[Line]) -> Run:
    first, last = lines[0], lines[-1]
    start = next((line for line in lines if line.event == "run_started"), None)
    end = next((line for line in lines if line.event == "run_ended"), None)
    elapsed = (last.at - first.at).total_seconds()
    return Run(
        run_id=run_id,
        started_at=first.at,
        ended_at=last.at,
        outcome=(end.outcome or "") if end else "",
        version=(start.version or "") if start else "",
        streams=len(start.streams) if start else len({line.stream for line in lines} - {None}),
        failed=end.failed if end else (),
        rows=sum(line.rows or 0 for line in lines if line.event == "window_committed"),
        seconds=elapsed if end is None or end.seconds is None else end.seconds,
        stream_summaries=tuple(line for line in lines if line.event == "stream_ended"),
    )
