"""Duplicated rows and invalid elements in the file of an analytics export."""

from __future__ import annotations

from collections import defaultdict
from random import Random
from typing import TYPE_CHECKING, Any

from tap_cxone.simulator.fake_values import unique_id
from tap_cxone.simulator.jsontext import decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tap_cxone.simulator.analytics_exports.options import AnalyticsExportsOptions
    from tap_cxone.simulator.analytics_exports.validation import Format
    from tap_cxone.simulator.rows import Row

    ElementBreaker = Callable[[Row], Any]
    Insertions = Iterator[tuple[int, bytes]]


def insert_invalid_elements(
    rows: Sequence[bytes], file_format: Format, options: AnalyticsExportsOptions
) -> Iterator[bytes]:
    """Yield the rows together with the elements that the options insert."""
    inserted: Mapping[int, list[bytes]] = defaultdict(list)
    for index, element in (
        *_duplicates(rows, options.duplicates),
        *_invalid_elements(rows, options.invalid_elements, _BREAKERS[file_format]),
    ):
        inserted[index].append(element)
    for index, row in enumerate(rows):
        yield from inserted.get(index, ())
        yield row
    yield from inserted.get(len(rows), ())


def _duplicates(rows: Sequence[bytes], count: int) -> Insertions:
    """Yield duplicated rows with their position, half way between the row and the end."""
    for number, index in enumerate(_spread_evenly(min(count, len(rows)), len(rows))):
        row = decode(rows[index])
        changed = number % 2 == 1 and "duration" in row
        duplicate = row | {"duration": row["duration"] + 1} if changed else row
        yield (index + 1 + len(rows)) // 2, encode(duplicate)


def _invalid_elements(
    rows: Sequence[bytes], count: int, kinds: Sequence[ElementBreaker]
) -> Insertions:
    """Yield invalid elements with their position; none of them is the last of the file."""
    for number, index in enumerate(_spread_evenly(count, len(rows))):
        row = decode(rows[index])
        # The element gets a new id, so that it is not a duplicate.
        rng = Random(f"misfit/{number}/{row.get('id')}")  # noqa: S311
        yield index, encode(kinds[number % len(kinds)](_with(row, "id", unique_id(rng))))


def _spread_evenly(count: int, total: int) -> Iterator[int]:
    """Yield the middles of `count` equal parts of `range(total)`; nothing if `total` is 0."""
    if total:
        yield from ((2 * number + 1) * total // (2 * count) for number in range(count))


def _with(row: Row, column: str, value: Any) -> Row:
    """Return a row with another value of a column, if it has the column."""
    return {name: value if name == column else old for name, old in row.items()}


def _without(row: Row, column: str) -> Row:
    """Return a row without a column."""
    return {name: value for name, value in row.items() if name != column}


def _half_row(row: Row) -> Row:
    """Return the first half of a row; its CSV line has too few cells."""
    return dict(list(row.items())[: len(row) // 2])


def _with_bad_number(row: Row) -> Row:
    """Return a row with an invalid duration."""
    return _with(row, "duration", "abc")


def _with_bad_date(row: Row) -> Row:
    """Return a row with an invalid instant."""
    return _with(row, "dateFrom", "soon")


_BREAKERS: dict[Format, tuple[ElementBreaker, ...]] = {
    "json": (
        lambda _: "not a conversation",
        lambda _: None,
        lambda _: 7,
        lambda row: _without(row, "duration"),
        _with_bad_number,
        lambda row: _without(row, "id"),
        _with_bad_date,
    ),
    "csv": (_half_row, _with_bad_number, _with_bad_date),
}
