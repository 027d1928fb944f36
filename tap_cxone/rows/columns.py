"""Match the headers of a file with known columns, and derive names for the others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, structs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from decimal import Decimal

    from tap_cxone.types import ColumnType

_WORD_ENDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NO_NAME = re.compile(r"[\W_]+")


class ValueConstraint(Struct, frozen=True):
    """Limits on the values of a column.

    Attributes:
        minimum: Smallest value; None for no limit.
        maximum: Largest value; None for no limit.
        allowed: The only valid values; None for no limit.
    """

    minimum: Decimal | None = None
    maximum: Decimal | None = None
    allowed: tuple[Any, ...] | None = None

    def violation(self, value: Any) -> str:
        """Return a description of the limit that a value violates; empty if the value is valid."""
        if self.minimum is not None and value < self.minimum:
            return f"minimum {self.minimum}"
        if self.maximum is not None and value > self.maximum:
            return f"maximum {self.maximum}"
        if self.allowed is not None and value not in self.allowed:
            return f"one of {', '.join(map(str, self.allowed))}"
        return ""

    def allows_all(self, values: Sequence[Any]) -> bool:
        """Return True if all values are valid."""
        if not values:
            return True
        if self.allowed is not None:  # usually few distinct values
            return not any(map(self.violation, set(values)))
        return not self.violation(min(values)) and not self.violation(max(values))


class Column(Struct, frozen=True):
    """A column that is known before a file is read.

    Attributes:
        name: Key in records, in snake_case.
        type: Type of its values.
        description: Meaning of its values.
        match: How a header matches the name: with the same letters and digits, or with the name
            at its beginning or anywhere inside. The vendor extends some headers between versions.
        title: Display name, if it differs from the name.
        strict: Whether a JSON value must already have the column's type. A number may still be
            a string.
        constraint: Limits on its values; None for no limits.
        normalize: Converter of a text before it is parsed, such as the removal of thousands
            separators; None for none.
    """

    name: str
    type: ColumnType = "string"
    description: str = ""
    match: Literal["same", "beginning", "inside"] = "same"
    title: str = ""
    strict: bool = False
    constraint: ValueConstraint | None = None
    normalize: Callable[[str], str] | None = None


def declared_columns(types: Mapping[str, ColumnType]) -> tuple[Column, ...]:
    """Return the columns that the user declares, by the source's names or in snake_case."""
    return tuple(
        Column(snake_case(name), column_type, "Declared in the settings.")
        for name, column_type in types.items()
    )


def with_types(columns: Iterable[Column], types: Mapping[str, ColumnType]) -> tuple[Column, ...]:
    """Return `columns` with the user's types, then the columns that only `types` declares."""
    unmatched = {snake_case(name): column_type for name, column_type in types.items()}
    typed_columns = [
        structs.replace(column, type=unmatched.pop(column.name, column.type)) for column in columns
    ]
    return (*typed_columns, *declared_columns(unmatched))


def fold(text: str) -> str:
    """Return the letters and digits of a header in lower case; equal results mean a match."""
    return "".join(character for character in text.casefold() if character.isalnum())


def snake_case(text: str) -> str:
    """Return a header as a column name: `Segment ID` and `segmentId` become `segment_id`."""
    return _NO_NAME.sub("_", _WORD_ENDS.sub("_", text.strip())).strip("_").casefold()


def assign_columns(header: Sequence[str], known_columns: Iterable[Column]) -> list[Column]:
    """Return the column of each header, in order: a known column or a new nullable string.

    Names are unique: a second column of the same name gets the suffix `_2`. A header without a
    letter or digit is named by its 1-based index, such as `column_7`.
    """
    matches = _match_columns(header, list(known_columns))
    used_names = {column.name for column in matches.values()}
    columns = []
    for index, header_name in enumerate(header):
        if index not in matches:
            name = _unique_name(snake_case(header_name) or f"column_{index + 1}", used_names)
            used_names.add(name)
            columns.append(Column(name, description=f"'{header_name.strip()}', found in the data."))
        else:
            columns.append(matches[index])
    return columns


def _match_columns(header: Sequence[str], known_columns: list[Column]) -> dict[int, Column]:
    """Return the known column of each matching header index.

    The kinds of match are tried in the order same, beginning, inside. A column matches at most one
    header, the first that fits.
    """
    folded_names = [fold(name) for name in header]
    matches: dict[int, Column] = {}
    for match in ("same", "beginning", "inside"):
        for column in known_columns:
            if column in matches.values() or not _may_match(column, match):
                continue
            folded_column = fold(column.name)
            for index, name in enumerate(folded_names):
                if index not in matches and _matches(name, folded_column, match):
                    matches[index] = column
                    break
    return matches


def _may_match(column: Column, match: str) -> bool:
    return match in {"same", column.match}


def _matches(folded_name: str, folded_column: str, match: str) -> bool:
    if match == "same":
        return folded_name == folded_column
    return (
        folded_name.startswith(folded_column)
        if match == "beginning"
        else folded_column in folded_name
    )


def _unique_name(name: str, used_names: set[str]) -> str:
    number, candidate = 2, name
    while candidate in used_names:
        candidate, number = f"{name}_{number}", number + 1
    return candidate
