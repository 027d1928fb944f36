"""Requests of the settings to read committed time again; pure functions."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from msgspec import structs

from tap_cxone.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from tap_cxone.config.model import Settings
    from tap_cxone.planning.history import History


def request_reloads(
    history: History,
    stream: str,
    settings: Settings,
    *,
    now: datetime,
    whole_windows: Callable[[Window], Collection[Window]],
) -> History:
    """Return the history with the entries of `reload` that are new for a stream.

    IDs that no entry has any more are forgotten.

    Args:
        history: History of the stream.
        stream: Name of the stream.
        settings: The settings; only `reload` is read.
        now: The present instant.
        whole_windows: Returns the windows that a time range touches.
    """
    entries = [entry for entry in settings.reload if stream in entry.streams]
    for entry in entries:
        if entry.id not in history.reload_ids:
            history = history.read_again(whole_windows(Window(entry.from_, entry.to)), now)
    return structs.replace(history, reload_ids=frozenset(entry.id for entry in entries))


def request_deep_lookback(
    history: History,
    settings: Settings,
    *,
    now: datetime,
    bookmark: datetime | None,
    whole_windows: Callable[[Window], Collection[Window]],
) -> History:
    """Return the history with the last days before the bookmark to read again, if it is time.

    Args:
        history: History of the stream.
        settings: The settings; only `deep_lookback` and `start_date` are read.
        now: The present instant.
        bookmark: End of the last committed window; without one there is nothing to read again.
        whole_windows: Returns the windows that a time range touches.
    """
    last, deep = history.deep_lookback_at, settings.deep_lookback
    if deep is None:
        return structs.replace(history, deep_lookback_at=None)
    if last is not None and _utc_days(last, now) < deep.every_days:
        return history
    if bookmark is not None:
        start = bookmark - deep.length
        start = max(start, settings.start_date or start)
        if start < bookmark:
            history = history.read_again(whole_windows(Window(start, bookmark)), now)
    return structs.replace(history, deep_lookback_at=now)


def _utc_days(start: datetime, end: datetime) -> int:
    """Return the calendar days of UTC between two instants; a nightly start varies by seconds."""
    return (end.astimezone(UTC).date() - start.astimezone(UTC).date()).days
