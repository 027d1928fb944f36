"""Bytes to rows, in constant memory: gzip by its first bytes, CSV, JSON arrays, JSON lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from tap_cxone.decode.csv_table import CsvTable
from tap_cxone.decode.json_table import JsonTable
from tap_cxone.decode.table import Row, Table
from tap_cxone.decode.text import beginning
from tap_cxone.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Collection

    from tap_cxone.spool import Spool

__all__ = ["Format", "Row", "Table", "open_table"]

Format = Literal["csv", "json"]

_CSV: tuple[Format, ...] = ("csv",)
_FOREIGN = ("<!doctype", "<html", "<?xml", "<error")


def open_table(
    spool: Spool,
    name: str,
    formats: Collection[Format] = _CSV,
    required: Collection[str] = (),
    lifted: str = "",
) -> Table:
    """Open a file as what its first characters say it is.

    Args:
        spool: The file.
        name: What to call it in a message.
        formats: What it may be.
        required: Fields that a JSON object without is no row, by the source's names or ours.
        lifted: Key of an object inside of each, whose keys are taken for keys of the row.

    Raises:
        DecodeError: It is something else, such as a page of HTML.
    """
    start = beginning(spool, name)
    if start.startswith(_FOREIGN):
        raise _foreign(name, formats, came="a page of HTML or XML")
    if start.startswith(("{", "[")):
        if "json" not in formats:
            raise _foreign(name, formats, came="JSON")
        return JsonTable(spool, name, frozenset(required), lifted)
    if "csv" not in formats and start:
        raise _foreign(name, formats, came="some text")
    return CsvTable.open(spool, name)


def _foreign(name: str, formats: Collection[Format], *, came: str) -> DecodeError:
    wanted = " or ".join(sorted(formats)).upper()
    return DecodeError(f"{name}: {came} came instead of {wanted}; is a proxy in the way?")
