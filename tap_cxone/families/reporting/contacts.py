"""Read completed contacts: by start date first, then by change.

The API finds changed contacts of the last 30 days only (`updatedSince`). Older contacts are read
in windows of their start date, which never returns a change that came later.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec import structs
from typing_extensions import override

from tap_cxone.clock import iso_z, parse_instant
from tap_cxone.families.reporting.pages import ListSource, date_range
from tap_cxone.rows.titles import fold
from tap_cxone.windows import Window, daily_windows, midnight

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tap_cxone.families.reporting.api import Page
    from tap_cxone.families.reporting.list_progress import Row
    from tap_cxone.spool import WindowFile

# The API reaches back 30 days; an hour less is still within them when the request arrives.
CHANGE_HISTORY = timedelta(days=30) - timedelta(hours=1)
_CHANGED_AT = fold("lastUpdateTime")
_SINCE = "updatedSince"
_TICK = timedelta(milliseconds=1)
_MIN_ORDERED = 2  # fewer changes are in any order


def contact_windows(start: datetime, end: datetime, now: datetime) -> Iterator[Window]:
    """Yield windows of a day up to the oldest change that the API finds, then one to the end."""
    limit = change_limit(now)
    yield from daily_windows(start, min(end, limit), max_days=1)
    if end > limit:
        yield Window(max(start, limit), end)


def change_limit(now: datetime) -> datetime:
    """Return the instant from which contacts are read by change: within 30 days, at midnight."""
    return midnight(now - CHANGE_HISTORY, days=1)


class ContactSource(ListSource, kw_only=True):
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
        if self.changed_from is None or window.end <= self.changed_from:
            return (date_range(window),)
        return (_changed_since(max(window.start - self.lookback, self.now - CHANGE_HISTORY)),)

    @override
    def get_page(self, params: Mapping[str, str], skip: int | None = 0) -> Page:
        page = super().get_page(params, skip)
        if _SINCE in params:
            self._last_poll_time = self._last_poll_time or page.last_poll_time
        return page

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
    def later_params(
        self, params: Mapping[str, str], rows: Sequence[Row]
    ) -> Mapping[str, str] | None:
        """Return a query from just before the last change, if the page is in the order of changes.

        A contact that changes while paging moves to the end of the list, so a number of rows would
        omit one. The query begins before the last change, since the API may exclude its instant.
        """
        changes = _ordered_changes(rows)
        if _SINCE not in params or len(changes) < _MIN_ORDERED:
            return None
        later = _changed_since(changes[-1] - _TICK)
        return later if later[_SINCE] > params[_SINCE] else None


def _ordered_changes(rows: Sequence[Row]) -> Sequence[datetime]:
    """Return when the contacts changed; nothing if that is unknown or not in ascending order."""
    changes = [change for change in map(_changed_at, rows) if change is not None]
    return changes if len(changes) == len(rows) and changes == sorted(changes) else ()


def _changed_since(instant: datetime) -> dict[str, str]:
    return {_SINCE: iso_z(instant, "milliseconds")}


def _changed_at(row: Mapping[str, Any]) -> datetime | None:
    """Return when a contact changed; None if that is unknown, or of an unknown zone."""
    value = next((value for name, value in row.items() if fold(name) == _CHANGED_AT), None)
    try:
        instant = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return instant if instant.tzinfo else None
