"""Cut time ranges into the windows that one run reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from tap_cxone.windows import Window, windows_inside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from typing import TypeAlias

    from tap_cxone.planning.skipped_windows import SkipList
    from tap_cxone.planning.time_ranges import TimeRanges

    CutWindows: TypeAlias = Callable[[datetime, datetime, Iterable[Window]], Iterable[Window]]


class WindowCutter(Struct, frozen=True, kw_only=True):
    """Cuts a time range as a stream does, with the settings and the progress of a run.

    Attributes:
        windows: Returns the windows between two instants; some of them have a job already.
        skip_list: The ranges of `skip_windows`, each of which is a window; None if none may cut a
            window.
        excluded: Time that this run does not read.
    """

    windows: CutWindows
    skip_list: SkipList | None
    excluded: TimeRanges

    def cut(self, start: datetime, end: datetime, pending: Sequence[Window]) -> list[Window]:
        """Return the windows of a time range without the excluded time.

        Args:
            start: Begin of the time range.
            end: End of the time range.
            pending: Windows that have a job.
        """
        if not self.excluded.intervals:
            return self._cut_range(start, end, pending)
        pending = [window for window in pending if not self.excluded.covers(window)]
        missing = self.excluded.missing(Window(start, end)) if start < end else []
        parts = (
            self._cut_range(m.start, m.end, windows_inside(pending, m.start, m.end))
            for m in missing
        )
        return [window for part in parts for window in part]

    def _cut_range(self, start: datetime, end: datetime, pending: Sequence[Window]) -> list[Window]:
        if self.skip_list is None:
            return list(self.windows(start, end, pending))
        to_read = self.skip_list.remaining(pending)

        def cut(start: datetime, end: datetime) -> Iterable[Window]:
            return self.windows(start, end, windows_inside(to_read, start, end))

        return list(self.skip_list.cut(start, end, cut))
