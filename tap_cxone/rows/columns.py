"""From the titles of a file to the names of columns."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from decimal import Decimal

    from tap_cxone.types import ColumnType

_WORD_ENDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NO_NAME = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class ValueConstraint:
    """Which values of its type a column may hold; None where there is no such limit."""

    minimum: Decimal | None = None
    maximum: Decimal | None = None
    allowed: tuple[Any, ...] | None = None

    def violation(self, value: Any) -> str:
        """Return the part of the rule that a value breaks, in words; empty if it keeps it."""
        if self.minimum is not None and value < self.minimum:
            return f"minimum {self.minimum}"
        if self.maximum is not None and value > self.maximum:
            return f"maximum {self.maximum}"
        if self.allowed is not None and value not in self.allowed:
            return f"one of {', '.join(map(str, self.allowed))}"
        return ""

    def allows_all(self, values: Sequence[Any]) -> bool:
        """Tell whether no value breaks it."""
        if not values:
            return True
        if self.allowed is not None:  # as a rule there are few
            return not any(map(self.violation, set(values)))
        return not self.violation(min(values)) and not self.violation(max(values))


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is known before a file is seen.

    Attributes:
        name: Its name in records, snake_case.
        type: What its text is converted to.
        description: What it holds.
        found: How a title names it: by the same letters and digits, or, where the vendor adds to
            titles from version to version, at its beginning or anywhere inside.
        title: What people call it, where that is not its name.
        strict: Whether a value must be of its type as it comes; a number may come as a text.
        rule: Which values of its type it may hold.
    """

    name: str
    type: ColumnType = "string"
    description: str = ""
    match: Literal["same", "beginning", "inside"] = "same"
    title: str = ""
    strict: bool = False
    constraint: ValueConstraint | None = None


def declared_columns(types: Mapping[str, ColumnType]) -> tuple[Column, ...]:
    """Return the columns that a user declares, by the source's names or ours."""
    return tuple(
        Column(snake_case(name), column_type, "Declared in the settings.")
        for name, column_type in types.items()
    )


def with_types(columns: Iterable[Column], types: Mapping[str, ColumnType]) -> tuple[Column, ...]:
    """Return `columns` with the types a user gives them, and the further ones a user declares."""
    unmatched = {snake_case(name): column_type for name, column_type in types.items()}
    typed_columns = [
        replace(column, type=unmatched.pop(column.name, column.type)) for column in columns
    ]
    return (*typed_columns, *declared_columns(unmatched))


def fold(text: str) -> str:
    """Reduce a title to its letters and digits, in small letters; they decide sameness."""
    return "".join(character for character in text.casefold() if character.isalnum())


def snake_case(text: str) -> str:
    """Name a column after its title: `Segment ID`, `segmentId` → `segment_id`."""
    return _NO_NAME.sub("_", _WORD_ENDS.sub("_", text.strip())).strip("_").casefold()


def assign_columns(header: Sequence[str], known_columns: Iterable[Column]) -> list[Column]:
    """Return the column of each title, in order: a known one, else a new nullable string.

    No two get the same name: a second one gets `_2`. A title without a letter or digit is named
    by its place, `column_7`.
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
    """Match each known column with one title: the same one first, then the first that holds it."""
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
