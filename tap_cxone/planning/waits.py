"""Duration of earlier jobs by the hour of the day, read from the audit log."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import msgspec

from tap_cxone.clock import in_utc

if TYPE_CHECKING:
    from collections.abc import Iterator

_MIN_JOBS = 3  # fewer jobs of an hour say nothing about the hour
_EVENTS = (b'"event": "job_created"', b'"event": "file_downloaded"')


class _Line(msgspec.Struct, frozen=True):
    at: datetime
    event: str
    family: str | None
    job_id: str | None


_DECODER = msgspec.json.Decoder(_Line)


def median_waits(path: str, family: str) -> dict[int, timedelta]:
    """Return the median time from a submit to its file, by the hour (UTC) of the submit.

    Args:
        path: Path of the audit log; a file that is missing has no jobs.
        family: Name of the API family.
    """
    submitted_at: dict[str, datetime] = {}
    waits: dict[int, list[float]] = defaultdict(list)
    for line in _job_lines(path, family):
        job_id = line.job_id or ""
        if line.event == "job_created":
            submitted_at[job_id] = in_utc(line.at)
        elif started_at := submitted_at.pop(job_id, None):
            waits[started_at.hour].append((in_utc(line.at) - started_at).total_seconds())
    return {
        hour: timedelta(seconds=median(seconds))
        for hour, seconds in waits.items()
        if len(seconds) >= _MIN_JOBS
    }


def _job_lines(path: str, family: str) -> Iterator[_Line]:
    with suppress(FileNotFoundError), Path(path).open("rb") as file:
        for raw in file:
            if not any(event in raw for event in _EVENTS):
                continue
            with suppress(msgspec.MsgspecError):  # a line that a crash cut
                line = _DECODER.decode(raw)
                if line.family == family and line.job_id:
                    yield line
