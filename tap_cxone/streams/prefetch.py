"""What a stream's lane has fetched of it, waiting to be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime, timedelta

    from tap_cxone.rows.columns import Column
    from tap_cxone.spool import Spool
    from tap_cxone.streams.window_loader import Source
    from tap_cxone.windows import Window


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a stream before its first window: its columns, or all of its rows."""

    columns: Sequence[Column] = ()
    rows: Sequence[dict[str, Any]] = ()
    size: int = 0

    def close(self) -> None:
        """Do nothing: it holds no file."""


@dataclass(slots=True)
class Fetched:
    """A window's file; and a `Source` that gives it, or another one if it is damaged.

    Attributes:
        window: What it is of.
        coming: The windows after it.
        took: How long it took to come.
        again: Does something with the API, where and when that may be done.
    """

    window: Window
    coming: Sequence[Window]
    took: timedelta
    again: Callable[[Callable[[], Any]], Any]
    _own: Source
    _spool: Spool | None
    _title: str
    _job_id: str | None

    @classmethod
    def of(
        cls,
        source: Source,
        window: Window,
        coming: Sequence[Window],
        *,
        again: Callable[[Callable[[], Any]], Any],
        now: Callable[[], datetime],
    ) -> Fetched:
        """Fetch a window's file."""
        began = now()
        spool = source.fetch(window, coming)
        took = now() - began
        return cls(window, coming, took, again, source, spool, *_named(source, window))

    @property
    def size(self) -> int:
        """Return how many bytes wait to be read."""
        return self._spool.size if self._spool else 0

    def close(self) -> None:
        """Remove the file if nobody took it."""
        if self._spool is not None:
            self._spool.file.close()

    def fetch(self, window: Window, coming: Sequence[Window]) -> Spool:
        """Return the file; the second time fetch it again."""
        spool, self._spool = self._spool, None
        return spool or self.again(lambda: self._anew(window, coming))

    def _anew(self, window: Window, coming: Sequence[Window]) -> Spool:
        spool = self._own.fetch(window, coming)
        self._title, self._job_id = _named(self._own, window)
        return spool

    def forget(self, window: Window) -> None:
        """Do not give the file a second time."""
        self.again(lambda: self._own.forget(window))

    def job_id(self, window: Window) -> str | None:  # noqa: ARG002 (there is but one)
        """Return what the API calls the work that made the file."""
        return self._job_id

    def title(self, window: Window) -> str:  # noqa: ARG002
        """Name the window in a message."""
        return self._title


def _named(source: Source, window: Window) -> tuple[str, str | None]:
    return source.title(window), source.job_id(window)
