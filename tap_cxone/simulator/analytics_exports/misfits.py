"""What stands in a file and should not: rows that come twice, and elements that are no rows."""

from __future__ import annotations

from collections import defaultdict
from random import Random
from typing import TYPE_CHECKING, Any

from tap_cxone.simulator.jsontext import decode, encode
from tap_cxone.simulator.values import identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tap_cxone.simulator.analytics_exports.orders import Format
    from tap_cxone.simulator.options import Options
    from tap_cxone.simulator.rows import Row

    Misfit = Callable[[Row], Any]
    Inserted = Iterator[tuple[int, bytes]]


def with_misfits(rows: Sequence[bytes], file_format: Format, options: Options) -> Iterator[bytes]:
    """Yield the elements of a file: these rows, and between them what the options add."""
    inserted: Mapping[int, list[bytes]] = defaultdict(list)
    for place, element in (
        *_duplicates(rows, options.duplicates),
        *_misfits(rows, options.misfits, _KINDS[file_format]),
    ):
        inserted[place].append(element)
    for place, row in enumerate(rows):
        yield from inserted.get(place, ())
        yield row
    yield from inserted.get(len(rows), ())


def _duplicates(rows: Sequence[bytes], wanted: int) -> Inserted:
    """Yield rows again, and before which row: half way between their first place and the end."""
    for number, place in enumerate(_spread(min(wanted, len(rows)), len(rows))):
        row = decode(rows[place])
        changed = number % 2 == 1 and "duration" in row
        again = row | {"duration": row["duration"] + 1} if changed else row
        yield (place + 1 + len(rows)) // 2, encode(again)


def _misfits(rows: Sequence[bytes], wanted: int, kinds: Sequence[Misfit]) -> Inserted:
    """Yield bad elements, and before which row: so none is the last of its file."""
    for number, place in enumerate(_spread(wanted, len(rows))):
        row = decode(rows[place])
        # An id of its own: a misfit is no duplicate.
        dice = Random(f"misfit/{number}/{row.get('id')}")  # noqa: S311
        yield place, encode(kinds[number % len(kinds)](_with(row, "id", identity(dice))))


def _spread(wanted: int, among: int) -> Iterator[int]:
    """Yield places in the middle of so many equal parts; none if there is nothing to part."""
    if among:
        yield from ((2 * number + 1) * among // (2 * wanted) for number in range(wanted))


def _with(row: Row, column: str, value: Any) -> Row:
    """Return a row with another value, where it has the column."""
    return {name: value if name == column else old for name, old in row.items()}


def _without(row: Row, column: str) -> Row:
    """Return a row without a column."""
    return {name: value for name, value in row.items() if name != column}


def _short(row: Row) -> Row:
    """Return the first half of a row, which makes a line of too few cells."""
    return dict(list(row.items())[: len(row) // 2])


def _no_number(row: Row) -> Row:
    """Return a row whose duration is none."""
    return _with(row, "duration", "abc")


def _no_date(row: Row) -> Row:
    """Return a row whose instant is none."""
    return _with(row, "dateFrom", "soon")


_KINDS: dict[Format, tuple[Misfit, ...]] = {
    "json": (
        lambda _: "not a conversation",
        lambda _: None,
        lambda _: 7,
        lambda row: _without(row, "duration"),
        _no_number,
        lambda row: _without(row, "id"),
        _no_date,
    ),
    "csv": (_short, _no_number, _no_date),
}
