"""Settings that several families have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Protocol

from msgspec import Meta

from tap_cxone.config.csv import CsvSettings, timezone_problems
from tap_cxone.config.definition import STREAM_NAME_PATTERN
from tap_cxone.config.types import COLUMN_TYPES, ColumnType

if TYPE_CHECKING:
    from collections.abc import Iterator

StreamName = Annotated[
    str, Meta(pattern=STREAM_NAME_PATTERN, description="Stream name, snake_case.")
]
"""The name of an entry that defines a stream."""

ColumnTypes = Annotated[
    dict[str, ColumnType],
    Meta(
        description=f"Column to type, one of {', '.join(COLUMN_TYPES)}. A column is its title in "
        "the source, such as `Paid Hours`, or its name, `paid_hours`. Other columns are strings."
    ),
]
"""The columns of a stream that the user declares."""

OverlapDays = Annotated[
    int,
    Meta(
        ge=0,
        le=7,
        description="Days before the day of the bookmark that are requested again. The days of the "
        "API may end later than those of UTC: without an overlap the rows between both ends would "
        "be lost. It costs no export. Rows that come again have the same keys.",
    ),
]
"""The setting of a family whose API takes days of an unknown time zone."""

Scopes = Annotated[
    tuple[str, ...],
    Meta(
        description="Scopes to request at login. An empty list requests all scopes of the "
        "application."
    ),
]
"""The setting of a family whose login is that of a registered application."""


class _TextEntry(Protocol):
    """An entry that says how the files of its stream write texts."""

    @property
    def csv(self) -> CsvSettings:
        """Return how its files write texts."""

    @property
    def timezone(self) -> str | None:
        """Return the zone of dates without an offset."""


def text_problems(path: str, entry: _TextEntry) -> Iterator[str]:
    """Yield the problems of how the files of an entry write texts; `path` is that of the entry."""
    yield from entry.csv.problems(f"{path}, csv")
    yield from timezone_problems(f"{path}, timezone", entry.timezone)
