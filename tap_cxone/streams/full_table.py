"""Base class of streams that read a complete table in every run."""

from __future__ import annotations

from abc import abstractmethod
from itertools import chain
from typing import TYPE_CHECKING

from typing_extensions import override

from tap_cxone.clock import iso
from tap_cxone.streams.base import CXoneStream
from tap_cxone.streams.family_stream import StreamPreload
from tap_cxone.streams.schema import EXTRACTED_AT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from singer_sdk.helpers.types import Record


class FullTableStream(CXoneStream):
    """A stream of a small table that is read completely in every run."""

    @abstractmethod
    def table_records(self) -> Iterable[Record]:
        """Return all records of the table."""

    @override
    def iter_files(self) -> Iterator[StreamPreload]:
        yield StreamPreload(rows=list(self.table_records()))

    @override
    def read_records(self) -> Iterator[Record]:
        started_at, progress, emitted = self.now(), self.progress, 0
        self.start_batches(self.audit_context)
        with progress.track_activity("reading the whole table"):
            for record in chain.from_iterable(item.rows for item in self.workers.items(self)):
                emitted += 1
                progress.emitted = emitted
                yield {**record, EXTRACTED_AT.name: iso(started_at)}
                self.flush_full_batches()
                self.run_pending_tasks()
        self.flush_batches()
        self.state_view.mark_failed(failed=False)
        self.emit_state()
        seconds = (self.now() - started_at).total_seconds()
        counts = {"rows": emitted, "quarantined": 0, "dropped": 0, "bytes": None, "sha256": None}
        self.audit_context.write("window_committed", **counts, columns_added=[], seconds=seconds)
        progress.count_window(None)
        self.logger.info("%s: table committed; rows=%d", self.name, emitted)
