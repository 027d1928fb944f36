"""What a stream's lane has fetched of it, waiting to be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime, timedelta

    from tap_cxone.rows.columns import Column
    from tap_cxone.spool import Spool
    from tap_cxone.streams.window_loader import FileSource
    from tap_cxone.windows import Window


@dataclass(frozen=True, slots=True)
class StreamPreload:
    """What is known of a stream before its first window: its columns, or all of its rows."""

    columns: Sequence[Column] = ()
    rows: Sequence[dict[str, Any]] = ()
    size: int = 0

    def close(self) -> None:
        """Do nothing: it holds no file."""


@dataclass(slots=True)
class WindowFile:
    """A window's file; and a `Source` that gives it, or another one if it is damaged.

    Attributes:
        window: What it is of.
        coming: The windows after it.
        took: How long it took to come.
        again: Does something with the API, where and when that may be done.
    """

    window: Window
    upcoming: Sequence[Window]
    duration: timedelta
    run_on_worker: Callable[[Callable[[], Any]], Any]
    _inner: FileSource
    _spool: Spool | None
    _description: str
    _job_id: str | None

    @classmethod
    def prefetch(
        cls,
        source: FileSource,
        window: Window,
        upcoming: Sequence[Window],
        *,
        run_on_worker: Callable[[Callable[[], Any]], Any],
        now: Callable[[], datetime],
    ) -> WindowFile:
        """Fetch a window's file."""
        started_at = now()
        spool = source.fetch_file(window, upcoming)
        duration = now() - started_at
        return cls(
            window, upcoming, duration, run_on_worker, source, spool, *_describe(source, window)
        )

    @property
    def size(self) -> int:
        """Return how many bytes wait to be read."""
        return self._spool.size if self._spool else 0

    def close(self) -> None:
        """Remove the file if nobody took it."""
        if self._spool is not None:
            self._spool.file.close()

    def fetch_file(self, window: Window, upcoming: Sequence[Window]) -> Spool:
        """Return the file; the second time fetch it again."""
        spool, self._spool = self._spool, None
        return spool or self.run_on_worker(lambda: self._fetch_again(window, upcoming))

    def _fetch_again(self, window: Window, upcoming: Sequence[Window]) -> Spool:
        spool = self._inner.fetch_file(window, upcoming)
        self._description, self._job_id = _describe(self._inner, window)
        return spool

    def discard(self, window: Window) -> None:
        """Do not give the file a second time."""
        self.run_on_worker(lambda: self._inner.discard(window))

    def job_id(self, window: Window) -> str | None:  # noqa: ARG002 (there is but one)
        """Return what the API calls the work that made the file."""
        return self._job_id

    def description(self, window: Window) -> str:  # noqa: ARG002
        """Name the window in a message."""
        return self._description


def _describe(source: FileSource, window: Window) -> tuple[str, str | None]:
    return source.description(window), source.job_id(window)
