"""Encode records with Arrow arrays as JSON lines; they equal the lines of their Python values.

Arrow joins the texts of all columns, a block of rows at a time. msgspec encodes the columns with
characters that JSON escapes, and all Python values that are no texts. This module needs pyarrow
(extra `parquet`), so it is imported only for records with Arrow arrays.
"""

from __future__ import annotations

from types import NoneType
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_cxone.rows.columnar import Records

_JSON_ENCODER = msgspec.json.Encoder(decimal_format="number")
_ESCAPED = bytes([*range(0x20), *b'"\\'])


class _JsonColumn(NamedTuple):
    """The JSON of a column's values: a text of each, and what encloses it unless it is null."""

    texts: Any
    opening: str = ""
    closing: str = ""


def encode_arrow_lines(records: Records, selected: Sequence[int], before: str, after: str) -> bytes:
    """Return records as lines.

    Args:
        records: The records.
        selected: Indexes of the columns to encode; at least one.
        before: Text of each line before the JSON object of the record.
        after: Text of each line after it.
    """
    layout, pieces, text = records.layout, [], f"{before}{{"
    numbers = {column.name for _, column in layout.kept_columns if column.type == "number"}
    for index in selected:
        name = layout.names[index]
        column = _json_column(records.columns[index], is_number=name in numbers)
        key = _JSON_ENCODER.encode(name).decode()
        pieces += [f"{text}{key}:{column.opening}", column.texts]
        text = f"{column.closing},"
    return _join([*pieces, f"{text.removesuffix(',')}}}{after}\n"])


def _join(pieces: Sequence[Any]) -> bytes:
    """Return the text of all rows, each joined from its pieces."""
    lines = pc.binary_join_element_wise(
        *pieces, "", null_handling="replace", null_replacement="null"
    )
    _, offsets, text = lines.buffers()
    end = memoryview(offsets).cast("i")[len(lines)]
    return memoryview(text)[:end].tobytes()


def _json_column(values: Any, *, is_number: bool) -> _JsonColumn:
    column = _encode(values, is_number=is_number)
    if not column.texts.null_count or not column.opening:
        return column
    enclosed = pc.binary_join_element_wise(column.opening, column.texts, column.closing, "")
    return _JsonColumn(enclosed)


def _encode(values: Any, *, is_number: bool) -> _JsonColumn:
    if not isinstance(values, pa.Array):
        if not set(map(type, values)) <= {str, NoneType}:
            return _JsonColumn(_encode_values(values))
        values = pa.array(values, pa.string())
    if is_number:  # texts that are JSON
        return _JsonColumn(values)
    if pa.types.is_timestamp(values.type):
        return _JsonColumn(_iso_texts(values), '"', '+00:00"')
    if pa.types.is_string(values.type):
        return _encode_texts(values)
    texts = values.cast(pa.string())
    return _JsonColumn(texts, '"', '"') if pa.types.is_date(values.type) else _JsonColumn(texts)


def _encode_values(values: Sequence[Any]) -> Any:
    """Return the JSON of Python values, as msgspec writes it."""
    return pa.array(_JSON_ENCODER.encode_lines(values).split(b"\n")[:-1], pa.string())


def _encode_texts(texts: Any) -> _JsonColumn:
    data = texts.buffers()[2].to_pybytes()  # of a slice, the texts of the whole array
    if len(data.translate(None, _ESCAPED)) < len(data):
        return _JsonColumn(_encode_values(texts.to_pylist()))
    return _JsonColumn(texts, '"', '"')


def _iso_texts(instants: Any) -> Any:
    """Return instants in UTC as texts of ISO 8601 without an offset, as `clock.iso` writes them."""
    texts = instants.cast(pa.timestamp("us")).cast(pa.string())
    without_fraction = pc.utf8_slice_codeunits(texts, 0, len("2026-03-01 10:20:30"))
    texts = pc.if_else(pc.ends_with(texts, ".000000"), without_fraction, texts)
    return pc.replace_substring(texts, " ", "T")
