"""Columns that are known before a file is read."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, structs

from tap_cxone.rows.titles import default_name, normalise, spelling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tap_cxone.config.column_rules import ColumnRule
    from tap_cxone.config.types import ColumnType
    from tap_cxone.rows.number_storage import NumberStorage


class ValueConstraint(Struct, frozen=True):
    """Limits on the values of a column.

    Attributes:
        minimum: Smallest value; None for no limit.
        maximum: Largest value; None for no limit.
        allowed: The only valid values; None for no limit.
        precision: Maximum number of decimals; None for no limit.
        required: Whether each row has a value.
        leading_zeros: Whether a number may be written with zeros before its first digit. They are
            a sign of an ID, which would lose them.
        storage: The type that stores the numbers exactly; None if they are not stored by type.
    """

    minimum: Decimal | None = None
    maximum: Decimal | None = None
    allowed: tuple[Any, ...] | None = None
    precision: int | None = None
    required: bool = False
    leading_zeros: bool = True
    storage: NumberStorage | None = None

    @property
    def is_by_value(self) -> bool:
        """Return True if a value of the usual form may be invalid."""
        return self.is_limited or self.precision is not None or self.required

    @property
    def is_limited(self) -> bool:
        """Return True if the values have a minimum, a maximum or are listed."""
        return (self.minimum, self.maximum, self.allowed) != (None, None, None)

    def violation(self, value: Any, cell: Any = None) -> str:
        """Return the limit that a value or its cell violates; empty if both are valid."""
        if value is None:
            return "a value is required" if self.required else ""
        if not self.leading_zeros and has_leading_zeros(cell):
            return "a number without leading zeros"
        checks = (
            (self.minimum is not None and value < self.minimum, f"minimum {self.minimum}"),
            (self.maximum is not None and value > self.maximum, f"maximum {self.maximum}"),
            (self._is_too_precise(value), f"at most {self.precision} decimals"),
            (
                self.storage is not None and not self.storage.holds(value),
                f"stored as {self.storage}",
            ),
        )
        if limit := next((text for is_violated, text in checks if is_violated), ""):
            return limit
        is_listed = self.allowed is None or value in self.allowed
        return "" if is_listed else f"one of {', '.join(map(str, self.allowed or ()))}"

    def _is_too_precise(self, value: Any) -> bool:
        return self.precision is not None and _decimals(value) > self.precision

    def allows_all(self, values: Sequence[Any], cells: Sequence[Any] = ()) -> bool:
        """Return True if all values and their cells are valid."""
        if self.required and None in values:
            return False
        if not self.leading_zeros and any(map(has_leading_zeros, cells)):
            return False
        present = [value for value in values if value is not None]
        if self.allowed is not None or self.precision is not None:  # usually few distinct values
            return not any(map(self.violation, set(present)))
        if self.storage is not None and not self.storage.holds_all(present):
            return False
        if not present or not self.is_limited:
            return True
        return not self.violation(min(present)) and not self.violation(max(present))


_LEADING_ZERO = re.compile(r"\s*[+-]?0[0-9]")


def has_leading_zeros(cell: Any) -> bool:
    """Return True if a cell is a text that begins with a zero before another digit."""
    return isinstance(cell, str) and _LEADING_ZERO.match(cell) is not None


def _decimals(value: Any) -> int:
    exponent = Decimal(str(value)).as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


TitleMatch = Literal["exact", "same", "beginning", "inside"]


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
        built_in: Whether the exact title is that of the vendor. It has the column in any file.
        requested: Whether the request names the title, so that STATE may have only its digest.
    """

    name: str
    type: ColumnType = "string"
    description: str = ""
    match: TitleMatch = "same"
    title: str = ""
    strict: bool = False
    constraint: ValueConstraint | None = None
    source_title: str = ""
    built_in: bool = False
    requested: bool = False

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


def vendor_column(
    source_title: str,
    column_type: ColumnType = "string",
    description: str = "",
    match: TitleMatch = "same",
) -> Column:
    """Return the column of a title that the vendor's files have."""
    column = source_column(source_title, description, column_type)
    return structs.replace(column, match=match, built_in=True)


def find_index(title: str, columns: Sequence[Column]) -> int | None:
    """Return the index of the column with a title or name of the settings; None without one.

    It is the first index of `match_titles` for one title, whose steps after a match do not matter.
    """
    for text_of, normalised in _MATCHING:
        wanted = normalised(title)
        for index, column in enumerate(columns):
            if text_of(column) == wanted:
                return index
    return None


def declared_columns(types: Mapping[str, ColumnType]) -> tuple[Column, ...]:
    """Return the columns that the user declares, by the source's titles or in snake_case.

    A title stands for itself only; a name in snake_case for the first title that has it.
    """
    return tuple(
        _declared_column(source_column(title, "Declared in the settings.", column_type))
        for title, column_type in types.items()
    )


def _declared_column(column: Column) -> Column:
    is_name = column.name == column.exact_title
    return _titled(structs.replace(column, match="same" if is_name else "exact"))


def with_types(columns: Iterable[Column], types: Mapping[str, ColumnType]) -> tuple[Column, ...]:
    """Return `columns` with the user's types, then the columns that only `types` declares."""
    columns = tuple(columns)
    titles = match_titles(columns, types)
    typed_columns = (
        structs.replace(column, type=types[titles[index]]) if index in titles else column
        for index, column in enumerate(columns)
    )
    others = {title: types[title] for title in types if title not in titles.values()}
    return (*typed_columns, *declared_columns(others))


def without_leading_zeros(columns: Iterable[Column]) -> tuple[Column, ...]:
    """Return the columns; a number with leading zeros is invalid in them."""
    return tuple(
        structs.replace(
            column,
            constraint=structs.replace(column.constraint or ValueConstraint(), leading_zeros=False),
        )
        if column.type in {"number", "integer"}
        else column
        for column in columns
    )


def with_rules(columns: Iterable[Column], rules: Mapping[str, ColumnRule]) -> tuple[Column, ...]:
    """Return `columns` with the user's rules, which replace those of the API."""
    columns = tuple(columns)
    titles = match_titles(columns, rules)
    return tuple(
        _with_rule(column, rules[titles[index]]) if index in titles else column
        for index, column in enumerate(columns)
    )


def match_titles(columns: Sequence[Column], titles: Iterable[str]) -> dict[int, str]:
    """Return the titles of a user's list that mean columns, by the index of the column.

    The exact title comes first, then the name, the display name, and titles of the same spelling. A
    title that means a column in one of these steps means no other one in a later step.
    """
    remaining, matches = list(titles), dict[int, str]()
    for text_of, normalised in _MATCHING:
        by_text = {normalised(title): title for title in remaining}
        texts = {i: text_of(column) for i, column in enumerate(columns) if i not in matches}
        found = {i: by_text[text] for i, text in texts.items() if text in by_text}
        matches |= found
        remaining = [title for title in remaining if title not in found.values()]
    return matches


_MATCHING: tuple[tuple[Callable[[Column], str], Callable[[str], str]], ...] = (
    (lambda column: column.exact_title, normalise),
    (lambda column: column.name, normalise),
    (lambda column: column.title, normalise),
    (lambda column: spelling(column.exact_title), spelling),
    (lambda column: spelling(column.name), spelling),
)


def _with_rule(column: Column, rule: ColumnRule) -> Column:
    constraint = column.constraint or ValueConstraint()
    if rule.type:
        kept = constraint if rule.type == column.type else ValueConstraint()
        constraint = structs.replace(kept, leading_zeros=True)
        column = structs.replace(column, type=rule.type, strict=False)
    constraint = structs.replace(
        constraint,
        allowed=rule.allowed or constraint.allowed,
        precision=constraint.precision if rule.precision is None else rule.precision,
        required=rule.required,
    )
    return structs.replace(column, constraint=constraint)


def key_columns(titles: Iterable[str]) -> tuple[Column, ...]:
    """Return the columns of a key, by the source's names or in snake_case."""
    return tuple(_titled(source_column(title, "Part of the key.")) for title in titles)


def with_key_title(column: Column, title: str) -> Column:
    """Return the column that a title of the key means; other titles of its spelling may mean it.

    A declared title means its column only. The title of the key comes before it, unless that is
    the name of the column.
    """
    text = normalise(title)
    if column.match != "exact" or text == column.exact_title:
        return column
    source_title = column.source_title if text == column.name else text
    return _titled(structs.replace(column, match="same", source_title=source_title))


def learned_column(name: str, title: str) -> Column:
    """Return the nullable string column of a title that nothing declares."""
    column = source_column(title, f"'{title}', found in the data.")
    return _titled(structs.replace(column, name=name, match="exact"))


def _titled(column: Column) -> Column:
    """Return a column with its exact title as the display name, if it is not the name."""
    title = column.source_title if column.source_title != column.name else ""
    return structs.replace(column, title=title)
