"""Requests of the settings to read committed time again; pure functions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from tap_cxone.clock import iso
from tap_cxone.planning.time_ranges import TimeRanges
from tap_cxone.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from tap_cxone.config.history import ReloadedRange
    from tap_cxone.config.model import Settings
    from tap_cxone.planning.history import History


class ReloadLimits(Struct, frozen=True, kw_only=True):
    """What of a time range a stream can read again.

    Attributes:
        oldest: Oldest instant that the API serves; None without a limit.
        newest: The bookmark, or where a first run begins: later time is read as new.
        until: Newest instant that this run may read.
        end_date: The setting; None without one.
        whole_windows: Returns the whole windows that a time range touches.
    """

    oldest: datetime | None
    newest: datetime
    until: datetime
    end_date: datetime | None
    whole_windows: Callable[[Window], Collection[Window]]

    def clip(self, time: TimeRanges) -> TimeRanges:
        """Return the part of a time that can be read again."""
        return time.within(self.oldest, self.newest)

    def time_of(self, entry: ReloadedRange) -> TimeRanges:
        """Return the time of an entry, in whole windows."""
        return self.clip(TimeRanges.of(self.whole_windows(Window(entry.from_, entry.to))))

    def problem_of(self, entry: ReloadedRange) -> str:
        """Return why an entry requests nothing, with the remedy; empty if it requests time."""
        if self.oldest is not None and entry.to <= self.oldest:
            oldest = iso(self.oldest)
            return f"the API serves nothing before {oldest}; correct its dates or remove it"
        if self.end_date is not None and entry.from_ >= self.end_date:
            return f"it begins after end_date ({iso(self.end_date)}); raise end_date"
        if entry.from_ >= self.until:
            return f"it begins after {iso(self.until)}, and later runs read that time as new"
        if entry.to <= self.newest and not self.time_of(entry).intervals:
            return "no window in it was committed; set start_date to its first day"
        return ""

    def reads_as_new(self, entry: ReloadedRange) -> bool:
        """Return True if this run or a later one reads a part of an entry as new time."""
        is_past_end = self.end_date is not None and entry.from_ >= self.end_date
        return entry.to > self.newest and not is_past_end


def request_reloads(
    history: History, entries: Sequence[ReloadedRange], limits: ReloadLimits
) -> History:
    """Return the history with the entries of `reload` that are new for a stream.

    An entry that requests nothing is not remembered, so it counts as soon as its problem is solved.
    An entry that the settings have no more is forgotten, with the time that it still requested.

    Args:
        history: History of the stream.
        entries: The entries that name the stream.
        limits: What the stream can read again.
    """
    reloads: dict[str, TimeRanges] = {}
    for entry in entries:
        if entry.id in history.reloads:
            reloads[entry.id] = limits.clip(history.reloads[entry.id])
        elif not limits.problem_of(entry) or limits.reads_as_new(entry):
            reloads[entry.id] = limits.time_of(entry)
    return structs.replace(history, reloads=reloads)


def request_deep_lookback(
    history: History,
    settings: Settings,
    *,
    now: datetime,
    bookmark: datetime | None,
    limits: ReloadLimits,
) -> History:
    """Return the history with the last days before the bookmark to read again, if it is time.

    Args:
        history: History of the stream.
        settings: The settings; only `deep_lookback` and `start_date` are read.
        now: The present instant.
        bookmark: End of the last committed window; without one there is nothing to read again.
        limits: What the stream can read again.
    """
    last, deep = history.deep_lookback_at, settings.deep_lookback
    if deep is None:
        return structs.replace(history, deep_lookback=TimeRanges(), deep_lookback_at=None)
    if last is not None and _utc_days(last, now) < deep.every_days:
        return history
    history = structs.replace(history, deep_lookback_at=now)
    if bookmark is None:
        return history
    start = max(bookmark - deep.length, settings.start_date or bookmark - deep.length)
    windows = limits.whole_windows(Window(start, bookmark)) if start < bookmark else ()
    return structs.replace(history, deep_lookback=limits.clip(history.deep_lookback.add(*windows)))


def _utc_days(start: datetime, end: datetime) -> int:
    """Return the calendar days of UTC between two instants; a nightly start varies by seconds."""
    return (end.astimezone(UTC).date() - start.astimezone(UTC).date()).days
