"""Base class of streams whose job has no date range: each run reads one whole result."""

from __future__ import annotations

from tap_cxone.streams.job_stream import JobStream
from tap_cxone.streams.snapshot import SnapshotStream


class SnapshotJobStream(SnapshotStream, JobStream):
    """A stream that reads the result of one job per run.

    The pending job of an earlier run is resumed in place of a new one.
    """
