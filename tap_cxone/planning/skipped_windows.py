"""Windows that a stream skips, because a setting names them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from msgspec import Struct

from tap_cxone.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from tap_cxone.config.model import Settings


class SkippedWindow(Struct, frozen=True):
    """A window that is skipped, as an item of the worker beside the window files.

    Attributes:
        window: The window.
        reason: Reason from the settings.
    """

    window: Window
    reason: str

    @property
    def size(self) -> int:
        """Return 0: there is no file."""
        return 0

    def close(self) -> None:
        """Do nothing: there is no file."""


class SkipList(Struct, frozen=True):
    """The time ranges that one stream does not read.

    Attributes:
        ranges: The ranges with their reasons, in order of their begin.
    """

    ranges: Sequence[SkippedWindow] = ()

    @classmethod
    def for_stream(cls, name: str, settings: Settings) -> Self:
        """Return the ranges that the settings name for a stream."""
        ranges = [
            SkippedWindow(Window(entry.from_, entry.to), entry.why)
            for entry in settings.skip_windows
            if entry.stream == name
        ]
        return cls(sorted(ranges, key=lambda skipped: skipped.window.start))

    def find(self, window: Window) -> SkippedWindow | None:
        """Return the skipped window if a range covers all of `window`, else None."""
        for skipped in self.ranges:
            if skipped.window.start <= window.start and window.end <= skipped.window.end:
                return SkippedWindow(window, skipped.reason)
        return None

    def partial(self, windows: Iterable[Window]) -> Iterator[tuple[Window, Window]]:
        """Yield each range that covers a part of a window only, with the window, which is read."""
        for window in self.remaining(windows):
            yield from ((s.window, window) for s in self.ranges if s.window.overlaps(window))

    def remaining(self, windows: Iterable[Window]) -> list[Window]:
        """Return the windows that no range covers."""
        return [window for window in windows if self.find(window) is None]

    def cut(
        self,
        start: datetime,
        end: datetime,
        windows_between: Callable[[datetime, datetime], Iterable[Window]],
    ) -> Iterator[Window]:
        """Yield the windows from `start` to `end`; each range is a window.

        Args:
            start: Begin of the first window.
            end: End of the last window.
            windows_between: Returns the windows between two ranges.
        """
        for skipped in self.ranges:
            window = skipped.window
            if start >= end or window.end <= start or window.start >= end:
                continue
            if start < window.start:
                yield from windows_between(start, window.start)
            yield Window(max(start, window.start), min(window.end, end))
            start = window.end
        if start < end:
            yield from windows_between(start, end)
