"""Narrower windows after failures of a stream, and wider ones again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec import Struct, field

from tap_cxone.errors import (
    DecodeError,
    DownloadError,
    InsecureLink,
    InvalidRecords,
    JobFailed,
    JobTimeout,
    ResponseTimeout,
    SpoolError,
    TokenRequired,
    WindowTooLarge,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_cxone.errors import CXoneError
    from tap_cxone.progress.tracker import StreamProgress
    from tap_cxone.streams.state import StreamState
    from tap_cxone.windows import Window

_DAY = timedelta(days=1)
_OF_THE_WINDOW = (JobFailed, DownloadError, DecodeError)
_NOT_OF_THE_WINDOW = (InsecureLink, InvalidRecords, SpoolError, TokenRequired)


class WindowNarrowing(Struct, kw_only=True):
    """Maximum days of the windows of one stream: those of the settings, or fewer after failures.

    A window is halved if it takes too long, if the API refuses it as too large, or if it fails
    twice. Two failures halve none where exports are counted, because narrower windows need more.
    Only the main thread uses it.

    Attributes:
        state: State of the stream.
        emit_state: Emits STATE.
        progress: Progress tracker of the stream.
        configured_days: Maximum days by the settings; 0 if the dates of a window cannot change.
        counts_exports: Whether the API limits the number of exports.
        may_halve: Returns False if the halves of a window would give wrong sums.
    """

    state: StreamState
    emit_state: Callable[[], None]
    progress: StreamProgress
    configured_days: int
    counts_exports: bool
    may_halve: Callable[[Window], bool]
    _commits_at_timeout: int | None = None
    _repeated_windows: set[Window] = field(default_factory=set)

    @property
    def window_days(self) -> int:
        """Return the maximum days of a window."""
        return self.narrowed_days or self.configured_days

    @property
    def narrowed_days(self) -> int | None:
        """Return the maximum days of a window if they are fewer than in the settings, or None."""
        days = self.state.narrow_windows().days
        return days if days is not None and days < self.configured_days else None

    def commit(self, window: Window) -> None:
        """Store that a window was committed; enough of them double the days."""
        narrow_windows = self.state.narrow_windows().commit(window, self.configured_days)
        self.state.set_narrow_windows(narrow_windows)

    def may_retry(self, error: CXoneError) -> bool:
        """Store fewer days if that may help; return True if this run reads on with them.

        Between two time-outs of wider windows a window is committed. One day is read at most twice.
        """
        window, commits = error.window, self.progress.snapshot().windows
        if window is None:
            return False
        if isinstance(error, JobTimeout):
            is_second, self._commits_at_timeout = commits == self._commits_at_timeout, commits
            return not is_second if self._halve(window) else self._is_first_repeat(window)
        if not self.configured_days or isinstance(error, WindowTooLarge | ResponseTimeout):
            return self._halve(window)
        if not isinstance(error, _OF_THE_WINDOW) or isinstance(error, _NOT_OF_THE_WINDOW):
            return False
        narrow_windows = self.state.narrow_windows()
        if not self.counts_exports and narrow_windows.failed_start == window.start:
            return self._halve(window)
        self.state.set_narrow_windows(narrow_windows.fail(window))
        return False

    def _halve(self, window: Window) -> bool:
        """Store half of the days of a window; return False if it cannot be halved."""
        days = min(-(-(window.end - window.start) // _DAY), self.window_days)
        if days <= 1 or not self.may_halve(window):
            return False
        self.state.set_narrow_windows(self.state.narrow_windows().halve(days))
        self.emit_state()
        return True

    def _is_first_repeat(self, window: Window) -> bool:
        """Store that a window is read once more; return True if it never was before."""
        size = len(self._repeated_windows)
        self._repeated_windows.add(window)
        return len(self._repeated_windows) > size
