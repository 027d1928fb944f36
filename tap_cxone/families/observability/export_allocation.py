"""Allocate the remaining exports of the quota to streams; pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from tap_cxone.windows import Window


class ExportDemand(Struct, frozen=True):
    """Exports that one stream needs.

    Attributes:
        stream: Name of the stream.
        windows: Windows that still need an export, in the order in which they are read.
        failing: Whether the last run of the stream failed. Its windows stay the oldest, and must
            not block the other streams forever.
        stopped_at: Time when the quota last stopped the stream; None if it never did.
        newest_first: Whether the newest windows are exported first.
    """

    stream: str
    windows: Sequence[Window]
    failing: bool = False
    stopped_at: datetime | None = None
    newest_first: bool = False

    def priority(self, window: Window) -> tuple[bool, float, float, str]:
        """Return the sort key of a window; the smallest is exported first.

        Of equally old windows, that of the stream comes first that had to wait most recently. So
        streams with one new window a day take turns.
        """
        last_wait = self.stopped_at.timestamp() if self.stopped_at else 0.0
        start = window.start.timestamp()
        return self.failing, -start if self.newest_first else start, -last_wait, self.stream


def allocate_exports(demands: Iterable[ExportDemand], remaining: int) -> dict[str, int]:
    """Return how many exports each stream may submit; the oldest, or newest, windows come first.

    Args:
        demands: Exports that each stream needs.
        remaining: Number of exports that the quota still allows.

    Returns:
        Stream → number of its windows to export now, starting with the first.
    """
    demands = list(demands)
    ordered = sorted(demand.priority(window) for demand in demands for window in demand.windows)
    allocated = [stream for *_, stream in ordered[:remaining]]
    return {demand.stream: allocated.count(demand.stream) for demand in demands}
