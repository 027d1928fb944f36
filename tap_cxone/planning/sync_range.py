"""Time range that a stream reads in this run; pure functions."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from datetime import datetime

    from tap_cxone.config.model import Settings

_DEFAULT_HISTORY = timedelta(days=30)


class SyncRange(Struct, frozen=True):
    """Time range that a stream has to read.

    Attributes:
        requested_start: Bookmark minus lookback, no earlier than `start_date`. Without a bookmark
            `start_date`, or 30 days before now.
        start_without_overlap: `requested_start`, or the API's history limit if that is later.
        start: The same, but no later than bookmark minus overlap if there are rows after the
            bookmark. It is never before `start_date` or the history limit.
        requested_end: Newest instant for which the API shows every row, at most `end_date`.
    """

    requested_start: datetime
    start_without_overlap: datetime
    start: datetime
    requested_end: datetime

    @property
    def unmet_start(self) -> datetime | None:
        """Return the requested start if the API's history limit is later; else None."""
        return self.requested_start if self.start > self.requested_start else None

    @classmethod
    def compute(  # noqa: PLR0913 (all are independent parts of one rule)
        cls,
        settings: Settings,
        *,
        now: datetime,
        bookmark: datetime | None,
        lookback: timedelta,
        available_until: datetime,
        overlap: timedelta,
        history_limit: datetime | None,
    ) -> SyncRange:
        """Return the time range of a stream.

        Args:
            settings: The settings; only `start_date` and `end_date` are read.
            now: The present instant.
            bookmark: End of the last committed window; None without one.
            lookback: How far before the bookmark rows are read again.
            available_until: Newest instant for which the API shows every row.
            overlap: Time before the bookmark that is read again, because the days of the API may
                end later than those of UTC. A longer lookback covers it.
            history_limit: Oldest instant that the API still returns; None without a limit.
        """
        requested_start = settings.start_date or now - _DEFAULT_HISTORY
        if bookmark is not None:
            start = bookmark - lookback
            requested_start = max(start, settings.start_date or start)
        requested_end = min(available_until, settings.end_date or available_until)
        overlapping_start = requested_start
        if bookmark is not None and bookmark < requested_end:
            start = min(requested_start, bookmark - overlap)
            overlapping_start = max(start, settings.start_date or start)
        return cls(
            requested_start=requested_start,
            start_without_overlap=max(requested_start, history_limit or requested_start),
            start=max(overlapping_start, history_limit or overlapping_start),
            requested_end=requested_end,
        )
