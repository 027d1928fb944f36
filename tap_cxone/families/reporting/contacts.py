"""Read completed contacts: by start date first, then by change.

The API finds changed contacts of the last 30 days only (`updatedSince`). Older contacts are read
in windows of their start date, which never returns a change that came later.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from msgspec import structs
from typing_extensions import override

from tap_cxone.clock import iso_z, parse_instant
from tap_cxone.families.reporting.pages import ListSource, SeenRows, date_range
from tap_cxone.rows.titles import fold
from tap_cxone.windows import Window, daily_windows, midnight

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from tap_cxone.families.reporting.pages import Row
    from tap_cxone.spool import WindowFile

# The API reaches back 30 days; an hour less is still within them when the request arrives.
CHANGE_HISTORY = timedelta(days=30) - timedelta(hours=1)
_CHANGED_AT = fold("lastUpdateTime")


def contact_windows(start: datetime, end: datetime, now: datetime) -> Iterator[Window]:
    """Yield windows of a day up to the oldest change that the API finds, then one to the end."""
    limit = change_limit(now)
    yield from daily_windows(start, min(end, limit), max_days=1)
    if end > limit:
        yield Window(max(start, limit), end)


def change_limit(now: datetime) -> datetime:
    """Return the instant from which contacts are read by change: within 30 days, at midnight."""
    return midnight(now - CHANGE_HISTORY, days=1)


@dataclass(kw_only=True)
class ContactSource(ListSource):
    """Source of completed contacts.

    Attributes:
        changed_from: Windows that end later are read by change; None to read none so.
        lookback: How far before the window changed contacts are read again.
        now: The present instant.
    """

    changed_from: datetime | None
    lookback: timedelta
    now: datetime
    _last_poll_time: str = ""

    @override
    def queries(self, window: Window) -> Iterable[Mapping[str, str]]:
        return (date_range(window),)

    @override
    def _fetch_once(self, window: Window, upcoming: Sequence[Window]) -> WindowFile:
        self._last_poll_time = ""
        window_file = super()._fetch_once(window, upcoming)
        return structs.replace(window_file, window=self._end_at_poll(window))

    def _end_at_poll(self, window: Window) -> Window:
        """Return the window, ended at the API's own clock if that is behind this machine's."""
        try:
            polled_at = parse_instant(self._last_poll_time)
        except ValueError:
            return window
        return Window(window.start, polled_at) if window.start < polled_at < window.end else window

    @override
    def pages(self, window: Window) -> Iterator[Sequence[Row]]:
        if self.changed_from is None or window.end <= self.changed_from:
            yield from super().pages(window)
        else:
            yield from self._changed(window)

    def _changed(self, window: Window) -> Iterator[Sequence[Row]]:
        """Yield the contacts changed since the start of the window, each once.

        A contact that changes while paging moves to the end of the list. So the next page starts at
        the last change that was read, and not at a number of rows, which would omit one.
        """
        seen, skip = SeenRows.of(self.table.primary_keys), 0
        previous: Sequence[Row] = ()
        since = iso_z(max(window.start - self.lookback, self.now - CHANGE_HISTORY), "milliseconds")
        while True:
            page = self.get_page({"updatedSince": since}, skip)
            self._last_poll_time = self._last_poll_time or page.last_poll_time
            if self.is_repeated(page, previous, window):
                return
            previous, rows = page.rows, list(map(self.rules.apply, page.rows))
            yield seen.new_rows(rows)
            skip += len(rows)
            if not rows or (page.total is not None and skip >= page.total):
                return
            changed_at = _changed_at(rows[-1])
            if changed_at and changed_at > since:
                since, skip, previous = changed_at, 0, ()


def _changed_at(row: Mapping[str, Any]) -> str:
    """Return when a contact changed, as the API expects it; empty if that is unknown."""
    value = next((value for name, value in row.items() if fold(name) == _CHANGED_AT), None)
    try:
        return iso_z(parse_instant(str(value)), "milliseconds")
    except ValueError:
        return ""
