"""Committed time of one stream: kept in its state, changed by commits and by settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec import structs

from tap_cxone.planning.committed_time import CommittedTime
from tap_cxone.planning.history import History
from tap_cxone.planning.reload import request_deep_lookback, request_reloads
from tap_cxone.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from tap_cxone.config.model import Settings
    from tap_cxone.jobs.job import Job
    from tap_cxone.streams.state import StreamState

    CutWindows = Callable[[datetime, datetime, Iterable[Window]], Iterable[Window]]


@dataclass(slots=True, kw_only=True)
class StreamHistory:
    """Committed time of one stream; the main thread uses it.

    Attributes:
        stream: Name of the stream.
        state: State of the stream.
        settings: The settings, with dates as the stream reads them.
        now: Returns the present instant.
        default_start: Returns the start of a first run without `start_date`.
        windows: Cuts a time range as the stream does, if a row sums up its window; else None.
        enabled: False for a stream that keeps no committed time.
    """

    stream: str
    state: StreamState
    settings: Settings
    now: Callable[[], datetime]
    default_start: Callable[[], datetime]
    windows: CutWindows | None
    enabled: bool = True
    _initial: History | None = field(init=False)
    _initial_bookmark: datetime | None = field(init=False)
    _requested_history: History = field(init=False)

    def __post_init__(self) -> None:
        """Keep what the state has at the start of the run."""
        self._initial, self._initial_bookmark = self.state.history(), self.state.bookmark()
        self._requested_history = self._requested() if self.enabled else History()

    def was_committed(self, window: Window) -> bool:
        """Return True if a window was committed before this run and is not to be read again."""
        if self._initial is not None:
            return self._initial.is_done(window)
        return self._initial_bookmark is not None and window.end <= self._initial_bookmark

    def predates_reload(self, job: Job) -> bool:
        """Return True if a job is older than the request to read its window again."""
        return self._requested_history.predates_reload(job.window, job.submitted_at)

    def apply_settings(self) -> None:
        """Store what the settings request to read again; each request counts once."""
        if self.enabled:
            self._requested_history = self._requested()
            self.state.set_history(self._requested_history)

    def commit(self, window: Window) -> None:
        """Store that a window was committed."""
        if self.enabled:
            self.state.set_history(self._stored().commit(window))

    def gaps(self, oldest: datetime | None, newest: datetime) -> Sequence[Window]:
        """Return the time before the bookmark that this run reads, in order of time.

        Args:
            oldest: Oldest instant that the API serves; None without a limit.
            newest: Begin of what this run reads anyway, or the newest instant that it may read.
        """
        bookmark = self.state.bookmark()
        if not self.enabled or bookmark is None:
            return ()
        history, end = self._requested(), min(bookmark, newest)
        start = self.settings.start_date or history.start or bookmark
        return history.to_read(start, end).within(oldest, end).intervals

    def _stored(self) -> History:
        """Return the history of the state.

        A state that has a bookmark only counts as complete from `start_date` on.
        """
        history, bookmark = self.state.history(), self.state.bookmark()
        if history is not None or bookmark is None:
            return history or History()
        start = self.settings.start_date or bookmark
        return History(CommittedTime.of([Window(start, bookmark)] if start < bookmark else []))

    def _requested(self) -> History:
        """Return the history with its start, and with what the settings request to read again."""
        history, settings = self._with_start(self._stored()), self.settings
        now, whole_windows = self.now(), self._whole_windows
        history = request_reloads(
            history, self.stream, settings, now=now, whole_windows=whole_windows
        )
        return request_deep_lookback(
            history,
            settings,
            now=now,
            bookmark=self.state.bookmark(),
            whole_windows=whole_windows,
        )

    def _with_start(self, history: History) -> History:
        """Return the history with its start, which no later commit moves."""
        bookmark, start = self.state.bookmark(), history.start
        if self.settings.start_date is not None:
            return history
        if bookmark is None:
            start = self.default_start()
        elif start is None:
            start = min((i.start for i in history.committed.intervals), default=bookmark)
        return structs.replace(history, start=start)

    def _whole_windows(self, time_range: Window) -> list[Window]:
        """Return the windows that a time range touches, if a row sums up its window."""
        if self.windows is None:
            return [time_range]
        committed = self._stored().committed.intervals
        windows = (w for i in committed for w in self.windows(i.start, i.end, ()))
        return [window for window in windows if window.overlaps(time_range)]
