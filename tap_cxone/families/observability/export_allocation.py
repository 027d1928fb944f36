"""Allocate the remaining exports of the quota to streams; pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime


class ExportDemand(Struct, frozen=True):
    """Exports that one stream needs.

    Attributes:
        stream: Name of the stream.
        priorities: Sort key of each window that still needs an export, in the order in which they
            are read (`Workload.export_priorities`).
        failing: Whether the last run of the stream failed. Its windows stay the oldest, and must
            not block the other streams forever.
        bookmark: The bookmark at the start of the run; None without one.
        stopped_at: Time when the quota last stopped the stream; None if it never did.
    """

    stream: str
    priorities: Sequence[tuple[bool, float]]
    failing: bool = False
    bookmark: datetime | None = None
    stopped_at: datetime | None = None

    def sort_keys(self) -> Iterator[tuple[bool, tuple[bool, float], float, float, str]]:
        """Yield the sort key of each window among those of all streams.

        Of windows with one priority, that of the stream comes first that had to wait most recently.
        So streams with one new window a day take turns. If none waited, or all did at once, the
        stream with the oldest bookmark comes first.
        """
        bookmark, last_wait = (
            instant.timestamp() if instant else 0.0 for instant in (self.bookmark, self.stopped_at)
        )
        for priority in self.priorities:
            yield self.failing, priority, -last_wait, bookmark, self.stream


def allocate_exports(demands: Iterable[ExportDemand], remaining: int) -> dict[str, int]:
    """Return how many exports each stream may submit.

    Args:
        demands: Exports that each stream needs.
        remaining: Number of exports that the quota still allows.

    Returns:
        Stream → number of its windows to export now, starting with the first.
    """
    demands = list(demands)
    ordered = sorted(key for demand in demands for key in demand.sort_keys())
    allocated = [stream for *_, stream in ordered[:remaining]]
    return {demand.stream: allocated.count(demand.stream) for demand in demands}
