"""Which windows to spend the day's exports on; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from tap_cxone.windows import Window


def choose(
    due: Mapping[str, Sequence[Window]], exports: int, *, doubtful: Container[str] = ()
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
    turns = sorted(
        (name in doubtful, window.start, name)
        for name, windows in due.items()
        for window in windows
    )
    chosen = [name for _, _, name in turns[:exports]]
    return {name: chosen.count(name) for name in due}
