"""Consecutive JSON objects, and blocks of rows made of them."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from tap_cxone.rows.decode.table import BLOCK_ROWS, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_cxone.rows.decode.json_text import JsonChunk
    from tap_cxone.rows.decode.table import Columns

_BLOCK_CHARACTERS = 1 << 16  # raw text of the objects of a block
_MIN_CHARACTERS = _BLOCK_CHARACTERS // BLOCK_ROWS  # counted for each object, however short

ObjectShapes = AbstractSet[tuple[str, ...]]
"""The distinct key sequences of several objects."""


def object_shapes(values: Sequence[Any]) -> ObjectShapes:
    """Return the distinct key sequences of objects; empty if a value is not an object."""
    if set(map(type, values)) != {dict}:
        return frozenset()
    first = tuple(values[0])
    if all(map(first.__eq__, map(tuple, values))):  # the usual case
        return {first}
    return set(map(tuple, values))


class ObjectRun:
    """Consecutive objects of a file.

    Attributes:
        first_number: 1-based number of the first object in the file.
        shapes: The key sequences of the objects; empty if unknown.
        values: The objects; empty if they were read by columns.
    """

    def __init__(
        self, first_number: int, chunk: JsonChunk | None = None, shapes: ObjectShapes = frozenset()
    ) -> None:
        """Create a run of the objects of a chunk, or an empty run."""
        self.first_number = first_number
        self.shapes = shapes
        self.values: list[dict[str, Any]] = chunk.values if chunk else []
        self._chunk = chunk
        self._raw_texts: list[str] = []
        self._remaining_characters = _BLOCK_CHARACTERS

    @property
    def count(self) -> int:
        """Return the number of objects."""
        return self._chunk.count if self._chunk is not None else len(self.values)

    @property
    def columns(self) -> Columns | None:
        """Return the cells by columns; None if the objects were not read by columns."""
        return self._chunk.columns if self._chunk is not None else None

    @property
    def next_number(self) -> int:
        """Return the number of the object after the run."""
        return self.first_number + self.count

    def add(self, raw_text: str, value: dict[str, Any]) -> bool:
        """Append an object; return True if the run is full."""
        self._raw_texts.append(raw_text)
        self.values.append(value)
        self._remaining_characters -= max(len(raw_text), _MIN_CHARACTERS)
        return self._remaining_characters <= 0

    def raw_text(self, index: int) -> str:
        """Return the raw text of the object at an index."""
        if self._chunk is not None and not self._raw_texts:
            self._raw_texts = self._chunk.raw_texts()
        return self._raw_texts[index]


class JsonBlock(Struct, frozen=True):
    """A run of objects as rows (a `Block`).

    Attributes:
        run: The objects.
        header: The column names.
    """

    run: ObjectRun
    header: tuple[str, ...]

    @property
    def count(self) -> int:
        """Return the number of rows."""
        return self.run.count

    @property
    def columns(self) -> Columns:
        """Return the cells by columns, in the order of the header."""
        if self.run.columns is not None:
            return self.run.columns
        objects = self.run.values
        if (self.run.shapes or object_shapes(objects)) == {self.header}:
            return list(zip(*map(dict.values, objects), strict=True))
        return [[value.get(name) for value in objects] for name in self.header]

    def row(self, index: int) -> Row:
        """Return the row at an index."""
        if self.run.columns is not None:
            cells = [column[index] for column in self.run.columns]
        else:
            cells = list(map(self.run.values[index].get, self.header))
        return Row(self.run.first_number + index, cells, raw_text=self.run.raw_text(index))
