"""Days of a window after failures: halved if one cannot be read, doubled after ten commits."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from msgspec import Struct, structs

from tap_cxone.clock import iso, parse_instant
from tap_cxone.errors import CXoneError, JobTimeout

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from tap_cxone.windows import Window

COMMITS_TO_DOUBLE = 10
"""Number of committed windows after which their days double."""


@contextmanager
def naming_window(window: Window) -> Iterator[None]:
    """Store the window in an error raised inside the block, unless the error names its own."""
    try:
        yield
    except JobTimeout:
        raise
    except CXoneError as error:
        error.window = window
        raise


class NarrowWindows(Struct, frozen=True):
    """Maximum days of a stream's windows after failures, as its state has them.

    Attributes:
        days: Maximum days of a window; None for those of the settings.
        good: Number of windows that were committed since `days` changed.
        failed_start: Start of the window that failed last; None if it was read since then.
    """

    days: int | None = None
    good: int = 0
    failed_start: datetime | None = None

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Return what `to_json` wrote.

        Raises:
            TypeError: A value has another type.
            ValueError: A text is no instant, or the days are less than one.
        """
        days, failed_start = raw.get("days"), raw.get("failed_start")
        if days is not None and int(days) < 1:
            raise ValueError(days)
        return cls(days, int(raw.get("good", 0)), failed_start and parse_instant(failed_start))

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON, without empty values."""
        failed_start = self.failed_start and iso(self.failed_start)
        values = {"days": self.days, "good": self.good, "failed_start": failed_start}
        return {key: value for key, value in values.items() if value}

    def halve(self, days: int) -> Self:
        """Return half of the days of a window that cannot be read."""
        return structs.replace(self, days=days // 2, good=0)

    def fail(self, window: Window) -> Self:
        """Return it after a window failed for a reason that need not be its width."""
        return structs.replace(self, failed_start=window.start)

    def commit(self, window: Window, configured_days: int) -> Self:
        """Return it after a window was committed; `configured_days` are those of the settings."""
        failed_start = self.failed_start
        if failed_start is not None and window.start <= failed_start < window.end:
            failed_start = None
        days, good = self.days, self.good + 1
        if days is not None and good >= COMMITS_TO_DOUBLE:
            days, good = days * 2, 0
        if days is None or days >= configured_days:
            days, good = None, 0
        return type(self)(days, good, failed_start)
