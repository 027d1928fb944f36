"""Base class of windowed streams without a date range: each run reads one whole result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs
from typing_extensions import override

from tap_cxone.clock import iso
from tap_cxone.streams.schema import EXTRACTED_AT
from tap_cxone.streams.windowed import WindowedStream
from tap_cxone.windows import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tap_cxone.rows.layout import RecordSpec
    from tap_cxone.windows import Window


class SnapshotStream(WindowedStream):
    """A stream that reads one result per run; its declaration is not `windowed`.

    A result that an earlier run has requested is used in place of a new one. Records carry the
    instant at which their result was requested.
    """

    @override
    def windows(self, start: datetime, end: datetime, pending: Iterable[Window]) -> list[Window]:
        now = Snapshot.at(self.now().replace(microsecond=0))
        return [max(pending, key=lambda snapshot: snapshot.end, default=now)]

    @override
    def _record_spec(self, window: Window) -> RecordSpec:
        constants = {EXTRACTED_AT.name: iso(window.start)}
        return structs.replace(super()._record_spec(window), constants=constants)
