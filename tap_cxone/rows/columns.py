"""Columns that are known before a file is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, structs

from tap_cxone.rows.titles import default_name, normalise, spelling

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from decimal import Decimal

    from tap_cxone.types import ColumnType


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
        match: Which titles may stand for the column beside its exact title. They have the same
            letters and digits, or the name at their beginning or anywhere inside. The vendor
            extends some titles between versions.
        title: Display name, if it differs from the name.
        strict: Whether a JSON value must already have the column's type. A number may still be
            a string.
        constraint: Limits on its values; None for no limits.
        source_title: Its exact title in the source; empty if only the name is known.
    """

    name: str
    type: ColumnType = "string"
    description: str = ""
    match: Literal["exact", "same", "beginning", "inside"] = "same"
    title: str = ""
    strict: bool = False
    constraint: ValueConstraint | None = None
    source_title: str = ""

    @property
    def exact_title(self) -> str:
        """Return the title that certainly stands for the column."""
        return self.source_title or self.name


def source_column(
    source_title: str, description: str, column_type: ColumnType = "string", title: str = ""
) -> Column:
    """Return the column of a title of the source, which may also be its name in snake_case."""
    exact_title = normalise(source_title)
    name = default_name(exact_title)
    return Column(name, column_type, description, title=title, source_title=exact_title)


def declared_columns(types: Mapping[str, ColumnType]) -> tuple[Column, ...]:
    """Return the columns that the user declares, by the source's names or in snake_case."""
    return tuple(
        _titled(source_column(title, "Declared in the settings.", column_type))
        for title, column_type in types.items()
    )


def with_types(columns: Iterable[Column], types: Mapping[str, ColumnType]) -> tuple[Column, ...]:
    """Return `columns` with the user's types, then the columns that only `types` declares."""
    titles = {spelling(title): title for title in types}
    typed_columns = []
    for column in columns:
        spellings = map(spelling, (column.exact_title, column.name))
        title = next((titles.pop(text) for text in spellings if text in titles), None)
        typed_columns.append(
            column if title is None else structs.replace(column, type=types[title])
        )
    return (*typed_columns, *declared_columns({title: types[title] for title in titles.values()}))


def key_columns(titles: Iterable[str]) -> tuple[Column, ...]:
    """Return the columns of a key, by the source's names or in snake_case."""
    return tuple(_titled(source_column(title, "Part of the key.")) for title in titles)


def learned_column(name: str, title: str) -> Column:
    """Return the nullable string column of a title that nothing declares."""
    column = source_column(title, f"'{title}', found in the data.")
    return _titled(structs.replace(column, name=name, match="exact"))


def _titled(column: Column) -> Column:
    """Return a column with its exact title as the display name, if it is not the name."""
    title = column.source_title if column.source_title != column.name else ""
    return structs.replace(column, title=title)
