"""Map the cells of a file's rows to the columns that a stream's records need."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from tap_cxone.errors import DriftError
from tap_cxone.rows.column_map import ColumnMap
from tap_cxone.rows.columns import find_index
from tap_cxone.rows.convert import (
    CellRules,
    ConversionError,
    IncompleteKeyError,
    cell_converter,
    json_text,
)
from tap_cxone.rows.dates import FileDates
from tap_cxone.rows.text_format import TextFormat
from tap_cxone.rows.titles import Title, normalise, number_titles

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from tap_cxone.rows.columns import Column

ROW_HASH = "_row_hash"


class RecordSpec(Struct, frozen=True):
    """Requirements on the records of a stream, independent of their file.

    Attributes:
        columns: Columns whose names and types are known in advance.
        schema_columns: Names of the columns in the SCHEMA message that was emitted.
        key_columns: Columns that identify a record; a row with a null in them is invalid.
            If they include `_row_hash`, each record carries it: a digest of the row's values.
        null_keys: Whether a null in a key column is a group of its own. It becomes an empty string.
        order_by: Title or name of a column: of records with one key, the one with its greatest
            value is emitted. Empty for the first one.
        count_identical_rows: Whether identical rows get different values of `_row_hash`.
        constants: Values that every record carries in addition to its cells. The reader replaces
            `_row_number`, if it is one of them, by the number of the row.
        required: Further columns that a file must have, by the source's names or in snake_case.
        keep_unknown_columns: Whether to keep columns that are in neither `columns` nor
            `schema_columns`.
        column_map: The columns of the titles that earlier files had.
        text_format: How the file writes texts.
        dates: Parsers of the file's dates.
    """

    columns: Sequence[Column]
    schema_columns: Collection[str]
    key_columns: Sequence[str]
    constants: Mapping[str, Any]
    required: Sequence[str] = ()
    keep_unknown_columns: bool = True
    null_keys: bool = False
    order_by: str = ""
    count_identical_rows: bool = False
    column_map: ColumnMap = msgspec.field(default_factory=ColumnMap)
    text_format: TextFormat = TextFormat()
    dates: FileDates = msgspec.field(default_factory=FileDates)

    @property
    def mandatory_columns(self) -> frozenset[str]:
        """Return the names of the known columns that every file must have."""
        indexes = (find_index(title, self.columns) for title in self.required)
        required = (self.columns[index].name for index in indexes if index is not None)
        return frozenset((*self.key_columns, *required)) - {*self.constants, ROW_HASH}

    @property
    def mandatory_titles(self) -> frozenset[str]:
        """Return the titles that every file must have: those of earlier files, else exact ones."""
        known_titles = {column.name: column.exact_title for column in self.columns}
        known_titles |= {
            n: titles[0].text for n, titles in self.column_map.titles_by_name().items()
        }
        unknown = (title for title in self.required if find_index(title, self.columns) is None)
        known = (known_titles.get(name, name) for name in self.mandatory_columns)
        return frozenset((*known, *unknown))

    def assign(self, header: Sequence[str]) -> list[Column]:
        """Return the column of each title of a header, in order."""
        return self.column_map.assign(header, self.columns, self.mandatory_columns)

    def missing_columns(self, columns: Sequence[Column]) -> list[str]:
        """Return the names, or titles, of the mandatory columns that the columns of a file lack."""
        missing = self.mandatory_columns - {column.name for column in columns}
        unknown = (title for title in self.required if find_index(title, self.columns) is None)
        absent = (title for title in unknown if find_index(title, columns) is None)
        return sorted({*missing, *absent})

    def describe_header(
        self, header: Sequence[str], names: Collection[str], are_titles: Callable[[], bool]
    ) -> str:
        """Return the titles of a file, or only their number if they may be the values of a row.

        A stream without declared columns knows no title, so there the lines below decide.

        Args:
            header: The cells of the first line.
            names: The names of their columns.
            are_titles: Returns True if the lines below show that the first one has titles.
        """
        known = {column.name for column in self.columns}.union(self.schema_columns)
        declared = {n for n in known.difference(self.key_columns) if not n.startswith("_")}
        if known.isdisjoint(names) and (declared or not are_titles()):
            return f"{len(header)} cells, none with a known title; the file may have no header"
        return ", ".join(header)


@dataclass(frozen=True, slots=True)
class FileLayout:
    """Mapping from the rows of one file to records.

    Attributes:
        spec: The requirements on the records.
        columns: The column of each cell, in file order; None for a cell to drop.
        absent_columns: Known columns of the schema that the file lacks; their values are null.
        new_columns: Columns of the file that are kept, but are not in the schema yet.
        cells_are_text: Whether cells are texts; otherwise they are JSON values.
        titles: The title of each cell, in file order.
        names: The keys of a record, in order.
    """

    spec: RecordSpec
    columns: tuple[Column | None, ...]
    absent_columns: tuple[Column, ...]
    new_columns: tuple[Column, ...]
    cells_are_text: bool
    titles: tuple[Title, ...] = ()
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Store `names`: every block of rows reads it."""
        cell_names = (column.name for column in self.columns if column)
        hash_names = (ROW_HASH,) if ROW_HASH in self.spec.key_columns else ()
        absent_names = (column.name for column in self.absent_columns)
        names = tuple(
            dict.fromkeys((*absent_names, *cell_names, *hash_names, *self.spec.constants))
        )
        object.__setattr__(self, "names", names)

    @classmethod
    def from_header(
        cls,
        header: Sequence[str],
        spec: RecordSpec,
        *,
        cells_are_text: bool = True,
        are_titles: Callable[[], bool] = lambda: True,
    ) -> FileLayout:
        """Return the layout of a file with this header.

        Args:
            header: The cells of the first line, or the keys of the objects.
            spec: The requirements on the records.
            cells_are_text: Whether cells are texts; otherwise they are JSON values.
            are_titles: Returns True if an error may show the header, which is no row of values.

        Raises:
            DriftError: The file lacks a mandatory column.
        """
        columns = spec.assign(header)
        names = {column.name for column in columns}
        if missing := spec.missing_columns(columns):
            shown = spec.describe_header(header, names, are_titles)
            msg = f"no column {', '.join(missing)} in the header: {shown}"
            raise DriftError(msg)
        schema_columns = spec.schema_columns
        declared = [column for column in spec.columns if column.name in schema_columns]
        absent = tuple(column for column in declared if column.name not in names)
        allowed_names = {column.name for column in spec.columns}.union(schema_columns)
        file_columns = [
            c if spec.keep_unknown_columns or c.name in allowed_names else None for c in columns
        ]
        new = tuple(
            column for column in file_columns if column and column.name not in schema_columns
        )
        titles = tuple(number_titles(header))
        return cls(spec, tuple(file_columns), absent, new, cells_are_text, titles)

    @property
    def order_column(self) -> Column | None:
        """Return the column of `order_by`; None if the file has no such title."""
        if not self.spec.order_by:
            return None
        exact_title = Title(normalise(self.spec.order_by))
        if exact_title in self.titles:
            return self.columns[self.titles.index(exact_title)]
        columns = [column for _, column in self.kept_columns]
        index = find_index(self.spec.order_by, columns)
        return None if index is None else columns[index]

    @property
    def kept_columns(self) -> list[tuple[int, Column]]:
        """Return the columns that are kept, each with the index of its cell."""
        return [(index, column) for index, column in enumerate(self.columns) if column]

    @property
    def dropped_titles(self) -> list[str]:
        """Return the titles of the cells to drop."""
        pairs = zip(self.titles, self.columns, strict=True)
        return [title.text for title, column in pairs if column is None]

    @property
    def column_names(self) -> dict[Title, str]:
        """Return the name of the column of each title that is kept."""
        pairs = zip(self.titles, self.columns, strict=True)
        return {title: column.name for title, column in pairs if column}

    def cell_rules(self, column: Column) -> CellRules:
        """Return how the texts of a column are read; nulls of JSON need no rule."""
        dates, text_format = self.spec.dates.of_column(column.name), self.spec.text_format
        if not self.cells_are_text:
            return CellRules(text_format.json_number_format, dates=dates)
        return CellRules(text_format.number_format, text_format.null_values, dates)

    def row_converter(self) -> Callable[[Sequence[Any]], dict[str, Any]]:
        """Return the function that converts one row to a record.

        A row must have as many cells as the header. The function raises `ConversionError` if a
        cell does not fit its column.
        """
        null_values = dict.fromkeys((column.name for column in self.absent_columns), None)
        converters = [
            (
                index,
                c.name,
                cell_converter(c, self.cell_rules(c), cells_are_text=self.cells_are_text),
                c,
            )
            for index, c in self.kept_columns
        ]
        columns_by_name = {column.name: column for _, column in self.kept_columns}
        key_columns, constants = self.spec.key_columns, self.spec.constants
        blank_key = _group_without_value if self.spec.null_keys else _reject_blank_key
        has_row_hash = ROW_HASH in key_columns

        def convert_row(cells: Sequence[Any]) -> dict[str, Any]:
            record: dict[str, Any] = dict(null_values)
            try:
                for index, name, convert, column in converters:  # noqa: B007 (used in `except`)
                    record[name] = convert(cells[index])
            except ConversionError:
                raise
            except ValueError:
                raise ConversionError(column) from None
            if has_row_hash:
                record[ROW_HASH] = self.digest(cells)
            record.update(constants)
            for key in key_columns:
                if record[key] is None or record[key] == "":
                    record[key] = blank_key(columns_by_name[key])
            return record

        return convert_row

    def digest(self, cells: Sequence[Any]) -> str:
        """Return the SHA-256 of a row's values, in hex.

        The order of the columns does not change it, nor does a new column that is blank.
        """
        texts = cells if self.cells_are_text else [json_text(cell) or "" for cell in cells]
        named_texts = zip(
            (column.name if column else "" for column in self.columns), texts, strict=True
        )
        values = sorted(pair for pair in named_texts if pair[1].strip())
        return hashlib.sha256(json.dumps(values).encode()).hexdigest()


def _group_without_value(column: Column) -> str:
    """Return the key of the group without a value. Raises `ConversionError` unless it is a text."""
    if column.type != "string":
        raise ConversionError(column)
    return ""


def _reject_blank_key(column: Column) -> str:
    raise IncompleteKeyError(column)
