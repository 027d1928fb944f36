"""Base class of streams whose job has no date range: each run reads one whole result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs
from typing_extensions import override

from tap_cxone.clock import iso
from tap_cxone.streams.job_stream import JobStream
from tap_cxone.streams.schema import EXTRACTED_AT
from tap_cxone.windows import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tap_cxone.rows.layout import RecordSpec
    from tap_cxone.windows import Window


class SnapshotJobStream(JobStream):
    """A stream that reads the result of one job per run; its declaration is not `windowed`.

    The pending job of an earlier run is resumed in place of a new one. Records carry the instant at
    which their result was requested.
    """

    @override
    def windows(self, start: datetime, end: datetime, pending: Iterable[Window]) -> list[Window]:
        now = Snapshot.at(self.now().replace(microsecond=0))
        return [max(pending, key=lambda snapshot: snapshot.end, default=now)]

    @override
    def _record_spec(self, window: Window) -> RecordSpec:
        constants = {EXTRACTED_AT.name: iso(window.start)}
        return structs.replace(super()._record_spec(window), constants=constants)
