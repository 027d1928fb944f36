"""Which windows to spend the day's exports on; pure."""

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
    """Spend `exports` on the oldest windows of all streams.

    Args:
        due: Each stream's windows that still need an export, oldest first.
        exports: How many exports are left.
        doubtful: Streams to serve last: one that fails every time stays the oldest, and must not
            keep the others waiting for ever.

    Returns:
        How many of its windows, from the oldest on, each stream may export now. Of windows of
        one age those of the stream named first come first.
    """
    oldest_first = sorted(
        (name in failing, window.start, name)
        for name, windows in windows_by_stream.items()
        for window in windows
    )
    allocated = [name for _, _, name in oldest_first[:remaining]]
    return {name: allocated.count(name) for name in windows_by_stream}
