"""Committed time of one stream: kept in its state, changed by commits and by settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec import structs

from tap_cxone.planning.history import History
from tap_cxone.planning.reload import ReloadLimits, request_deep_lookback, request_reloads
from tap_cxone.planning.time_ranges import TimeRanges
from tap_cxone.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from tap_cxone.config.history import ReloadedRange
    from tap_cxone.config.model import Settings
    from tap_cxone.planning.sync_range import SyncRange
    from tap_cxone.streams.reload_report import ReloadReporter
    from tap_cxone.streams.state import StreamState

    CommittedWindows = Callable[[Window], Iterable[Window]]


@dataclass(slots=True, kw_only=True)
class StreamHistory:
    """Committed time of one stream; the main thread uses it.

    Attributes:
        stream: Name of the stream.
        state: State of the stream.
        settings: The settings, with dates as the stream reads them.
        now: Returns the present instant.
        sync_range: Returns the time range from the bookmark on, or that of a first run.
        history_limit: Returns the oldest instant that the API serves; None without a limit.
        whole_windows: Returns the least time of whole windows around a time range.
        committed_windows: Returns the windows of committed time, if a row sums up its window; else
            None.
        reporter: Reports what the settings request to read again.
        enabled: False for a stream that keeps no committed time.
        initial_bookmark: The bookmark at the start of the run.
    """

    stream: str
    state: StreamState
    settings: Settings
    now: Callable[[], datetime]
    sync_range: Callable[[], SyncRange]
    history_limit: Callable[[], datetime | None]
    whole_windows: Callable[[Window], Window]
    committed_windows: CommittedWindows | None
    reporter: ReloadReporter
    enabled: bool = True
    _initial: History | None = field(init=False)
    initial_bookmark: datetime | None = field(init=False)
    _requested_history: History = field(init=False)

    def __post_init__(self) -> None:
        """Keep what the state has at the start of the run."""
        self.initial_bookmark = self.state.bookmark()
        self._requested_history = self._requested() if self.enabled else History()
        self._initial = self._requested_history if self.state.history() else None

    def was_committed(self, window: Window) -> bool:
        """Return True if a window was committed before this run and is not to be read again."""
        if self._initial is not None:
            return self._initial.is_done(window)
        return self.initial_bookmark is not None and window.end <= self.initial_bookmark

    def reload_of(self, window: Window) -> str:
        """Return a digest of the settings that request to read a window again; else empty."""
        return self._requested_history.reload_of(window)

    def apply_settings(self) -> None:
        """Store what the settings request to read again; each request counts once."""
        if self.enabled:
            before, after = self._stored(), self._requested()
            self.reporter.report(self._entries, before, after, self._limits())
            self._requested_history = after
            self.state.set_history(after)

    def commit(self, window: Window) -> None:
        """Store that a window was committed."""
        if self.enabled:
            self.state.set_history(self._stored().commit(window))

    def add_cuts(self, cuts: Iterable[datetime]) -> None:
        """Store where windows end beside the ends that the settings give them."""
        if self.enabled and (further := set(cuts)):
            self.state.set_history(self._stored().add_cuts(further))

    def gaps(self, newest: datetime) -> Sequence[Window]:
        """Return the time before the bookmark that this run reads, in order of time.

        Args:
            newest: Begin of what this run reads anyway, or the newest instant that it may read.
        """
        bookmark = self.state.bookmark()
        if not self.enabled or bookmark is None:
            return ()
        history, end = self._requested(), min(bookmark, newest)
        start = self.settings.start_date or history.start or bookmark
        return history.to_read(start, end).within(self.history_limit(), end).intervals

    def unmet_start(self, gaps: Sequence[Window]) -> datetime | None:
        """Return the requested start if the API serves only later time; else None.

        Args:
            gaps: The time before the bookmark that is read.
        """
        start, limit = self.settings.start_date, self.history_limit()
        if start and limit and gaps and start < gaps[0].start <= limit:
            return start
        return self.sync_range().unmet_start

    def _stored(self) -> History:
        """Return the history of the state.

        A state that has a bookmark only counts as complete from `start_date` on.
        """
        history, bookmark = self.state.history(), self.state.bookmark()
        if history is not None or bookmark is None:
            return history or History()
        start = self.settings.start_date or bookmark
        return History(TimeRanges.of([Window(start, bookmark)] if start < bookmark else []))

    @property
    def _entries(self) -> Mapping[str, ReloadedRange]:
        """Return the entries of `reload` that name the stream, by the path of the setting."""
        entries = enumerate(self.settings.reload)
        return {f"reload.{i}": entry for i, entry in entries if self.stream in entry.streams}

    def _requested(self) -> History:
        """Return the history with its start, and with what the settings request to read again."""
        history, now, limits = self._with_start(self._stored()), self.now(), self._limits()
        history = request_reloads(history, tuple(self._entries.values()), limits)
        return request_deep_lookback(
            history, self.settings, now=now, bookmark=self.state.bookmark(), limits=limits
        )

    def _limits(self) -> ReloadLimits:
        sync_range, bookmark = self.sync_range(), self.state.bookmark()
        return ReloadLimits(
            oldest=self.history_limit(),
            newest=sync_range.requested_start if bookmark is None else bookmark,
            until=sync_range.requested_end,
            end_date=self.settings.end_date,
            whole_windows=self._touched_windows,
        )

    def _with_start(self, history: History) -> History:
        """Return the history with its start, which no later commit moves."""
        bookmark, start = self.state.bookmark(), history.start
        if self.settings.start_date is not None:
            return history
        if bookmark is None:
            start = self.sync_range().requested_start
        elif start is None:
            start = min((i.start for i in history.committed.intervals), default=bookmark)
        return structs.replace(history, start=start)

    def _touched_windows(self, time_range: Window) -> list[Window]:
        """Return the whole windows that a time range touches.

        If a row sums up its window, they are those that were committed.
        """
        if self.committed_windows is None:
            return [self.whole_windows(time_range)]
        committed = self._stored().committed.intervals
        windows = (w for interval in committed for w in self.committed_windows(interval))
        return [window for window in windows if window.overlaps(time_range)]
