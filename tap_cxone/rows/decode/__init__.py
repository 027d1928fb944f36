"""Decode files to rows in constant memory: CSV, JSON arrays and JSON lines, optionally gzip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cxone.errors import DecodeError
from tap_cxone.rows.decode.csv_table import CsvTable
from tap_cxone.rows.decode.json_table import JsonTable
from tap_cxone.rows.decode.table import Block, FileExpectation, Format, Row, Table
from tap_cxone.rows.decode.text import read_beginning

if TYPE_CHECKING:
    from collections.abc import Collection

    from tap_cxone.spool import Spool

__all__ = ["Block", "FileExpectation", "Format", "Row", "Table", "open_table"]

_MARKUP_PREFIXES = ("<!doctype", "<html", "<?xml", "<error")


_CSV_ONLY = FileExpectation()


def open_table(spool: Spool, name: str, expected: FileExpectation = _CSV_ONLY) -> Table:
    """Return a file as a table; its first characters decide the format.

    Args:
        spool: The file.
        name: Name of the file in error messages.
        expected: Accepted formats and limits.

    Raises:
        DecodeError: The file has another format, such as HTML.
    """
    formats = expected.formats
    start = read_beginning(spool, name, expected.text_format)
    if start.startswith(_MARKUP_PREFIXES):
        raise _wrong_format(name, formats, actual="an HTML or XML page")
    if start.startswith(("{", "[")):
        if "json" not in formats:
            raise _wrong_format(name, formats, actual="JSON")
        return JsonTable(spool, name, expected)
    if "csv" not in formats and start:
        raise _wrong_format(name, formats, actual="other text")
    return CsvTable.open(spool, name, expected)


def _wrong_format(name: str, formats: Collection[Format], *, actual: str) -> DecodeError:
    accepted = " or ".join(sorted(formats)).upper()
    return DecodeError(
        f"{name}: the file is {actual} instead of {accepted}; a proxy may have sent it"
    )
