"""Allocate the remaining exports of the quota to streams; pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from tap_cxone.windows import Window


def allocate_exports(
    windows_by_stream: Mapping[str, Sequence[Window]],
    remaining: int,
    *,
    failing: Container[str] = (),
) -> dict[str, int]:
    """Return how many exports each stream may submit; the oldest windows are first.

    Args:
        windows_by_stream: Windows of each stream that still need an export, oldest first.
        remaining: Number of exports that the quota still allows.
        failing: Streams to serve last. The windows of a stream that always fails stay the oldest
            and must not block the other streams forever.

    Returns:
        Stream → number of its windows to export now, starting with the oldest. Windows of one age
        are ordered by stream name.
    """
    oldest_first = sorted(
        (name in failing, window.start, name)
        for name, windows in windows_by_stream.items()
        for window in windows
    )
    allocated = [name for _, _, name in oldest_first[:remaining]]
    return {name: allocated.count(name) for name in windows_by_stream}
