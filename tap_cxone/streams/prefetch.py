"""Items that a family worker has prefetched, and the sources of their files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime, timedelta

    from tap_cxone.rows.columns import Column
    from tap_cxone.spool import Spool
    from tap_cxone.windows import Window


class FileSource(Protocol):
    """A source of window files."""

    def fetch_file(self, window: Window, upcoming: Sequence[Window]) -> Spool:
        """Return the complete file of a window; jobs of `upcoming` windows may be started."""

    def discard(self, window: Window) -> None:
        """Mark the file of a window as unusable, so that it is never returned again."""

    def job_id(self, window: Window) -> str | None:
        """Return the ID of the job that made the file; None if the API has no such ID."""

    def description(self, window: Window) -> str:
        """Return the name of a window for messages."""


@dataclass(frozen=True, slots=True)
class StreamPreload:
    """Data of a stream that precedes its first window: columns, or all records of a table."""

    columns: Sequence[Column] = ()
    rows: Sequence[dict[str, Any]] = ()
    size: int = 0

    def close(self) -> None:
        """Do nothing: a preload holds no file."""


@dataclass(slots=True)
class WindowFile:
    """A prefetched file, as a `FileSource` that downloads it again if it is damaged.

    Attributes:
        window: Window of the file.
        upcoming: Windows that follow it.
        duration: Time from the request to the end of the download.
        run_on_worker: Runs a callable on the family's worker thread and returns its result.
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
        """Download the file of a window."""
        started_at = now()
        spool = source.fetch_file(window, upcoming)
        duration = now() - started_at
        return cls(
            window, upcoming, duration, run_on_worker, source, spool, *_describe(source, window)
        )

    @property
    def size(self) -> int:
        """Return the bytes that the file occupies on disk."""
        return self._spool.size if self._spool else 0

    def close(self) -> None:
        """Delete the file if `fetch_file` has not returned it."""
        if self._spool is not None:
            self._spool.file.close()

    def fetch_file(self, window: Window, upcoming: Sequence[Window]) -> Spool:
        """Return the prefetched file; download it again in every later call."""
        spool, self._spool = self._spool, None
        return spool or self.run_on_worker(lambda: self._fetch_again(window, upcoming))

    def _fetch_again(self, window: Window, upcoming: Sequence[Window]) -> Spool:
        spool = self._inner.fetch_file(window, upcoming)
        self._description, self._job_id = _describe(self._inner, window)
        return spool

    def discard(self, window: Window) -> None:
        """Mark the file as unusable, so that its source never returns it again."""
        self.run_on_worker(lambda: self._inner.discard(window))

    def job_id(self, window: Window) -> str | None:  # noqa: ARG002 (the object has one window)
        """Return the ID of the job that made the file."""
        return self._job_id

    def description(self, window: Window) -> str:  # noqa: ARG002
        """Return the name of the window for messages."""
        return self._description


def _describe(source: FileSource, window: Window) -> tuple[str, str | None]:
    return source.description(window), source.job_id(window)
