"""Bytes to rows, in constant memory: gzip by its first bytes, CSV, JSON arrays, JSON lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cxone.errors import DecodeError
from tap_cxone.rows.decode.csv_table import CsvTable
from tap_cxone.rows.decode.json_table import JsonTable
from tap_cxone.rows.decode.table import Block, Expected, Format, Row, Table
from tap_cxone.rows.decode.text import beginning

if TYPE_CHECKING:
    from collections.abc import Collection

    from tap_cxone.spool import Spool

__all__ = ["Block", "Expected", "Format", "Row", "Table", "open_table"]

_FOREIGN = ("<!doctype", "<html", "<?xml", "<error")


_CSV = Expected()


def open_table(spool: Spool, name: str, expected: Expected = _CSV) -> Table:
    """Open a file as what its first characters say it is.

    Args:
        spool: The file.
        name: What to call it in a message.
        expected: What it may be.

    Raises:
        DecodeError: It is something else, such as a page of HTML.
    """
    formats = expected.formats
    start = beginning(spool, name)
    if start.startswith(_FOREIGN):
        raise _foreign(name, formats, came="a page of HTML or XML")
    if start.startswith(("{", "[")):
        if "json" not in formats:
            raise _foreign(name, formats, came="JSON")
        return JsonTable(spool, name, expected)
    if "csv" not in formats and start:
        raise _foreign(name, formats, came="some text")
    return CsvTable.open(spool, name, expected.most)


def _foreign(name: str, formats: Collection[Format], *, came: str) -> DecodeError:
    wanted = " or ".join(sorted(formats)).upper()
    return DecodeError(f"{name}: {came} came instead of {wanted}; is a proxy in the way?")
