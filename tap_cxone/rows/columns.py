"""From the titles of a file to the names of columns."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from decimal import Decimal

    from tap_cxone.config import ColumnType

_WORD_ENDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NO_NAME = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Rule:
    """Which values of its type a column may hold; None where there is no such limit."""

    minimum: Decimal | None = None
    maximum: Decimal | None = None
    allowed: tuple[Any, ...] | None = None

    def broken_by(self, value: Any) -> str:
        """Return the part of the rule that a value breaks, in words; empty if it keeps it."""
        if self.minimum is not None and value < self.minimum:
            return f"minimum {self.minimum}"
        if self.maximum is not None and value > self.maximum:
            return f"maximum {self.maximum}"
        if self.allowed is not None and value not in self.allowed:
            return f"one of {', '.join(map(str, self.allowed))}"
        return ""

    def kept_by_all(self, values: Sequence[Any]) -> bool:
        """Tell whether no value breaks it."""
        if not values:
            return True
        if self.allowed is not None:  # as a rule there are few
            return not any(map(self.broken_by, set(values)))
        return not self.broken_by(min(values)) and not self.broken_by(max(values))


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
    found: Literal["same", "beginning", "inside"] = "same"
    title: str = ""
    strict: bool = False
    rule: Rule | None = None


def declared(types: Mapping[str, ColumnType]) -> tuple[Column, ...]:
    """Return the columns that a user declares, by the source's names or ours."""
    return tuple(
        Column(snake_case(name), kind, "Declared in the settings.") for name, kind in types.items()
    )


def with_types(columns: Iterable[Column], types: Mapping[str, ColumnType]) -> tuple[Column, ...]:
    """Return `columns` with the types a user gives them, and the further ones a user declares."""
    left = {snake_case(name): kind for name, kind in types.items()}
    typed = [replace(column, type=left.pop(column.name, column.type)) for column in columns]
    return (*typed, *declared(left))


def fold(title: str) -> str:
    """Reduce a title to its letters and digits, in small letters; they decide sameness."""
    return "".join(character for character in title.casefold() if character.isalnum())


def snake_case(title: str) -> str:
    """Name a column after its title: `Segment ID`, `segmentId` → `segment_id`."""
    return _NO_NAME.sub("_", _WORD_ENDS.sub("_", title.strip())).strip("_").casefold()


def assign(header: Sequence[str], known: Iterable[Column]) -> list[Column]:
    """Return the column of each title, in order: a known one, else a new nullable string.

    No two get the same name: a second one gets `_2`. A title without a letter or digit is named
    by its place, `column_7`.
    """
    matches = _known(header, list(known))
    taken = {column.name for column in matches.values()}
    columns = []
    for place, title in enumerate(header):
        if place not in matches:
            name = _free(snake_case(title) or f"column_{place + 1}", taken)
            taken.add(name)
            columns.append(Column(name, description=f"'{title.strip()}', found in the data."))
        else:
            columns.append(matches[place])
    return columns


def _known(header: Sequence[str], known: list[Column]) -> dict[int, Column]:
    """Match each known column with one title: the same one first, then the first that holds it."""
    folded = [fold(title) for title in header]
    matches: dict[int, Column] = {}
    for found in ("same", "beginning", "inside"):
        for column in known:
            if column in matches.values() or not _may(column, found):
                continue
            wanted = fold(column.name)
            for place, title in enumerate(folded):
                if place not in matches and _fits(title, wanted, found):
                    matches[place] = column
                    break
    return matches


def _may(column: Column, found: str) -> bool:
    return found in {"same", column.found}


def _fits(title: str, wanted: str, found: str) -> bool:
    if found == "same":
        return title == wanted
    return title.startswith(wanted) if found == "beginning" else wanted in title


def _free(name: str, taken: set[str]) -> str:
    number, free = 2, name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free
