"""Streams whose rows sum up windows of whole days that end at fixed days of the calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from typing_extensions import override

from tap_cxone.planning.history import History
from tap_cxone.streams.windowed import WindowedStream
from tap_cxone.windows import calendar_windows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from tap_cxone.windows import Window

_UTC = ZoneInfo("UTC")


class CalendarStream(WindowedStream):
    """A windowed stream whose rows sum up a window of `aggregate_days` days, or a part of one.

    A window is a part if `start_date` or `end_date` cuts it, or if it was halved. The state keeps
    these cuts, so time that is read again has its former windows. In other windows a day would
    count twice: the target keeps the rows of a former window that the new ones do not replace.
    """

    @property
    def zone(self) -> ZoneInfo:
        """Return the zone of the days."""
        return _UTC

    @override
    def windows(
        self, start: datetime, end: datetime, pending: Iterable[Window]
    ) -> Iterator[Window]:
        pending, narrowed = list(pending), self.narrowed_days
        whole = self._calendar_windows(
            start, end, pending=pending, include_partial=self.is_last_end(end)
        )
        for window in whole:
            if narrowed is None or window in pending or self.was_read(window):
                yield window
            else:
                yield from calendar_windows(
                    window.start,
                    window.end,
                    max_days=narrowed,
                    zone=self.zone,
                    include_partial=True,
                )

    @override
    def committed_windows(self, interval: Window) -> Iterator[Window]:
        return self._calendar_windows(interval.start, interval.end, include_partial=True)

    def _calendar_windows(self, start: datetime, end: datetime, **how: Any) -> Iterator[Window]:
        cuts = self._history.cuts
        return calendar_windows(
            start, end, max_days=self.aggregate_days, cuts=cuts, zone=self.zone, **how
        )

    def was_read(self, window: Window) -> bool:
        """Return True if a window is committed, so that the target has its rows."""
        return self._history.committed.covers(window)

    @property
    def _history(self) -> History:
        return self.state_view.history() or History()

    @override
    def commit(self, window: Window) -> None:
        """Store where the window was cut, then commit it."""
        ends = (window.start, window.end)
        self.stream_history.add_cuts(instant for instant in ends if self._is_cut(instant))
        super().commit(window)

    def _is_cut(self, instant: datetime) -> bool:
        """Return True unless a full window ends at a midnight."""
        return instant.astimezone(self.zone).toordinal() % self.aggregate_days != 0
