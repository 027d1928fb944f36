"""A stream that is read whole each time."""

from __future__ import annotations

from abc import abstractmethod
from itertools import chain
from typing import TYPE_CHECKING

from typing_extensions import override

from tap_cxone.clock import iso
from tap_cxone.streams.base import CXoneStream
from tap_cxone.streams.prefetch import Facts
from tap_cxone.streams.schema import EXTRACTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from singer_sdk.helpers.types import Record


class FullTableStream(CXoneStream):
    """A small table without a history."""

    @abstractmethod
    def table(self) -> Iterable[Record]:
        """Return all of it."""

    @override
    def fetched(self) -> Iterator[Facts]:
        yield Facts(rows=list(self.table()))

    @override
    def rows(self) -> Iterator[Record]:
        began, progress, left = self.now(), self.progress, 0
        with progress.watching("reading the whole table"):
            for record in chain.from_iterable(piece.rows for piece in self.lanes.pieces(self)):
                left += 1
                progress.left = left
                yield {**record, EXTRACTED.name: iso(began)}
                self.end_full_batches()
                self.between()
        self.hand_over()
        self.memory.mark_failed(failed=False)
        self.write_state()
        seconds = (self.now() - began).total_seconds()
        self.trail.write("window_committed", rows=left, quarantined=0, seconds=seconds)
        progress.committed(None)
        self.logger.info("%s complete, %d rows", self.name, left)
