"""Log lines about where a stream begins to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from tap_cxone.clock import iso
from tap_cxone.progress.formatting import listed

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from tap_cxone.config.model import Settings
    from tap_cxone.planning.sync_range import SyncRange
    from tap_cxone.windows import Window

_MAX_GAPS = 3  # in one log line


class LogOnce(Protocol):
    """Logger of texts that a family needs once per run."""

    def __call__(self, topic: str, text: str, *values: object) -> None:
        """Log a text, unless another stream of the family has logged the topic."""


class StartReport(Struct, frozen=True):
    """Log lines about the start of one stream.

    Attributes:
        stream: Name of the stream.
        settings: The settings, with dates as the stream reads them.
        log: Logger of the stream.
        log_once: Logger of what concerns all streams of the family.
    """

    stream: str
    settings: Settings
    log: logging.Logger
    log_once: LogOnce

    def report(
        self,
        sync_range: SyncRange,
        bookmark: datetime | None,
        gaps: Sequence[Window],
        now: datetime,
        unmet_start: datetime | None,
    ) -> None:
        """Log what a user may not expect of the time range.

        Args:
            sync_range: Time range from the bookmark on.
            bookmark: End of the last committed window; None without one.
            gaps: Time before the bookmark that is read too.
            now: Present instant.
            unmet_start: The requested start, if the API serves only later time; else None.
        """
        if unmet_start is not None:
            text = "%s: start %s is before the API's history limit; starting at %s"
            start = gaps[0].start if gaps else sync_range.start
            self.log_once("history", text, self.stream, iso(unmet_start), iso(start))
        start_date = self.settings.start_date
        if bookmark is not None and start_date is not None and bookmark < start_date:
            text = (
                "%s: start_date (%s) is after the bookmark (%s), so the time between is not read; "
                "set start_date to an earlier day to read it"
            )
            self.log.warning(text, self.stream, iso(start_date), iso(bookmark))
        if gaps:
            text = "%s: reading %s before the bookmark: not committed so far, or to be read again"
            self.log.info(text, self.stream, listed([str(gap) for gap in gaps], _MAX_GAPS))
        elif sync_range.start >= sync_range.requested_end:
            self._report_nothing_to_read(sync_range, now)
        elif bookmark is not None and sync_range.start > (start_date or sync_range.start):
            text = (
                "%s: start_date is before the bookmark; reading continues at %s. To read earlier "
                "rows again, name their days in reload"
            )
            self.log.info(text, self.stream, iso(sync_range.start))

    def _report_nothing_to_read(self, sync_range: SyncRange, now: datetime) -> None:
        start_date, end_date = self.settings.start_date, self.settings.end_date
        if end_date is not None and sync_range.start >= end_date:
            text = "%s: nothing to read: %s is past end_date (%s); raise end_date or remove it"
            self.log.warning(text, self.stream, iso(sync_range.start), iso(end_date))
        elif start_date is not None and start_date > now:
            text = "%s: nothing to read: start_date (%s) is in the future; correct it"
            self.log.warning(text, self.stream, iso(start_date))
        else:
            text = "%s: nothing to read yet; the next window starts at %s"
            self.log.info(text, self.stream, iso(sync_range.start))


def report_partly_skipped(
    stream: str, partial: Iterable[tuple[Window, Window]], log_once: LogOnce
) -> None:
    """Warn of each range of `skip_windows` that covers only a part of a window of sums."""
    for skipped, window in partial:
        text = (
            "%s: the range %s of skip_windows covers only a part of %s, so the window is read. "
            "Extend the range to the window, whose rows sum it up"
        )
        log_once(f"{stream}, {skipped}, {window}", text, stream, skipped, window)
