"""What became of a run's streams, in words and numbers; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cxone.progress.snapshot import rounded, sized

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_cxone.progress.snapshot import Standing


def cells(standing: Standing) -> list[str]:
    """Return what a summary says of a stream, in the order of `TITLES`."""
    return [
        standing.stream,
        standing.outcome,
        standing.done,
        f"{standing.rows:,}",
        f"{standing.quarantined:,}",
        sized(standing.bytes),
        str(standing.exports),
        rounded(standing.waiting),
        rounded(standing.working),
    ]


TITLES = (
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


def summary(standings: Sequence[Standing]) -> Iterator[str]:
    """Yield a summary in aligned lines, one a stream below the titles; none without streams."""
    table = [list(TITLES), *map(cells, standings)] if standings else []
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        texts, numbers = row[:2], row[2:]
        left = [text.ljust(width) for text, width in zip(texts, widths, strict=False)]
        right = [text.rjust(width) for text, width in zip(numbers, widths[2:], strict=True)]
        yield "  ".join(left + right)
