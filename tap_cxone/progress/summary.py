"""What became of a run's streams, in words and numbers; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cxone.progress.snapshot import format_bytes, format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_cxone.progress.snapshot import StreamSnapshot


def summary_cells(snapshot: StreamSnapshot) -> list[str]:
    """Return what a summary says of a stream, in the order of `TITLES`."""
    return [
        snapshot.stream,
        snapshot.outcome,
        snapshot.windows_done,
        f"{snapshot.rows:,}",
        f"{snapshot.quarantined:,}",
        format_bytes(snapshot.bytes),
        str(snapshot.exports),
        format_duration(snapshot.waiting),
        format_duration(snapshot.working),
    ]


HEADERS = (
    "stream",
    "outcome",
    "windows",
    "rows",
    "quarantined",
    "bytes",
    "exports",
    "waiting",
    "working",
)
"""What a summary says of a stream."""


def summary_lines(snapshots: Sequence[StreamSnapshot]) -> Iterator[str]:
    """Yield a summary in aligned lines, one a stream below the titles; none without streams."""
    table = [list(HEADERS), *map(summary_cells, snapshots)] if snapshots else []
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        texts, numbers = row[:2], row[2:]
        left_aligned = [text.ljust(width) for text, width in zip(texts, widths, strict=False)]
        right_aligned = [text.rjust(width) for text, width in zip(numbers, widths[2:], strict=True)]
        yield "  ".join(left_aligned + right_aligned)
