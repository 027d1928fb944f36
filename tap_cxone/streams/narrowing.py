"""Base class of streams whose windows become narrower after failures, and wider again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from typing_extensions import override

from tap_cxone.errors import (
    CXoneError,
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
from tap_cxone.streams.windowed import WindowedStream
from tap_cxone.windows import with_lookahead

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from singer_sdk.helpers.types import Record

    from tap_cxone.windows import Window, WindowAndUpcoming

_DAY = timedelta(days=1)
_OF_THE_WINDOW = (JobFailed, DownloadError, DecodeError)
_NOT_OF_THE_WINDOW = (InsecureLink, InvalidRecords, SpoolError, TokenRequired)


class NarrowingStream(WindowedStream):
    """A windowed stream that reads on in narrower windows where one cannot be read.

    A window is halved if it takes too long, if the API refuses it as too large, or if it fails
    twice. Two failures halve none where exports are counted, because narrower windows need more.
    """

    _planned_days: int = 0

    @property
    def configured_window_days(self) -> int:
        """Return the maximum days of a window by the settings; 0 if its dates cannot change."""
        return self.family.window_days

    @property
    def window_days(self) -> int:
        """Return the maximum days of a window: by the settings, or fewer after a failure."""
        return self.narrowed_days or self.configured_window_days

    @property
    @override
    def narrowed_days(self) -> int | None:
        days = self.state_view.narrow_windows().days
        return days if days is not None and days < self.configured_window_days else None

    @override
    def _plan_run(self) -> Iterable[Window]:
        self._planned_days = self.window_days
        return super()._plan_run()

    @override
    def _next_window(self, fetched: Iterable[Window]) -> WindowAndUpcoming | None:
        """Return the next window to fetch; plan again if good windows have doubled the days."""
        if self.window_days > self._planned_days:
            windows = self._plan_rest(fetched)
            self._windows = with_lookahead(windows, self.family.limits.windows_ahead)
        return super()._next_window(fetched)

    @override
    def read_records(self) -> Iterator[Record]:
        """Yield every record; after a failure read on in narrower windows if that may help.

        Between two time-outs of wider windows a window is committed. One day is read at most twice.
        """
        commits_at_timeout: int | None = None
        repeated_days: set[Window] = set()
        while True:
            try:
                yield from super().read_records()
            except CXoneError as error:
                commits = self.progress.snapshot().windows
                if not self._may_retry(error, commits == commits_at_timeout, repeated_days):
                    raise
                if isinstance(error, JobTimeout):
                    commits_at_timeout = commits
                text = "%s. Retrying with window_days=%d"
                self.logger.warning(text, error, self.window_days)
            else:
                return

    def _may_retry(
        self, error: CXoneError, is_second_timeout: bool, repeated_days: set[Window]
    ) -> bool:
        """Store fewer days if that may help; return True if this run reads on with them."""
        window = error.window
        if window is None:
            return False
        if isinstance(error, JobTimeout):
            return not is_second_timeout if self._halve(window) else _is_new(window, repeated_days)
        if not self.configured_window_days or isinstance(error, WindowTooLarge | ResponseTimeout):
            return self._halve(window)
        if not isinstance(error, _OF_THE_WINDOW) or isinstance(error, _NOT_OF_THE_WINDOW):
            return False
        narrow_windows = self.state_view.narrow_windows()
        if self.family.limits.quota is None and narrow_windows.failed_start == window.start:
            return self._halve(window)
        self.state_view.set_narrow_windows(narrow_windows.fail(window))
        return False

    def _halve(self, window: Window) -> bool:
        """Store half of the days of a window; return False if it cannot be halved."""
        days = min(-(-(window.end - window.start) // _DAY), self.window_days)
        if days <= 1 or not self.may_halve(window):
            return False
        state = self.state_view
        state.set_narrow_windows(state.narrow_windows().halve(days))
        self.write_state()
        return True

    def may_halve(self, window: Window) -> bool:  # noqa: ARG002 (used by overrides)
        """Return True unless the halves of a window would give wrong sums."""
        return True

    @override
    def commit(self, window: Window) -> None:
        state = self.state_view
        narrow_windows = state.narrow_windows().commit(window, self.configured_window_days)
        state.set_narrow_windows(narrow_windows)
        super().commit(window)


def _is_new(window: Window, windows: set[Window]) -> bool:
    """Add a window to a set; return True if it was not in it."""
    size = len(windows)
    windows.add(window)
    return len(windows) > size
