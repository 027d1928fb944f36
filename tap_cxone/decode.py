"""Bytes to rows, in constant memory: gzip by its first bytes, real CSV reading."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from tap_cxone.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cxone.spool import Spool

_GZIP = b"\x1f\x8b"
_FOREIGN = {
    "a page of HTML or XML": ("<!doctype", "<html", "<?xml", "<error"),
    "JSON": ("{", "["),
}
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

# The limit is one of the process; a comment field of a contact may hold a whole conversation.
csv.field_size_limit(2**31 - 1)


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one CSV row and the line of the file it ends on."""

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file: its header, and its rows as often as they are asked for.

    Attributes:
        spool: The file.
        name: What to call it in a message.
        header: The column titles; empty if the file has nothing in it.
    """

    spool: Spool
    name: str
    header: tuple[str, ...]

    @classmethod
    def open(cls, spool: Spool, name: str) -> Table:
        """Read the header of a CSV file.

        Raises:
            DecodeError: The file is a page of HTML or XML, or is not text.
        """
        header = next(_rows(spool, name), Row(0, []))
        return cls(spool, name, tuple(header.cells))

    def rows(self) -> Iterator[Row]:
        """Yield the rows below the header.

        Raises:
            DecodeError: The file is damaged, is not CSV, or a row has not as many cells as the
                header. Rows before the damage have been yielded.
        """
        rows = _rows(self.spool, self.name)
        width = len(next(rows, Row(0, [])).cells)
        for row in rows:
            if len(row.cells) != width:
                msg = (
                    f"{self.name}: line {row.line} has {len(row.cells)} cells where the header "
                    f"has {width}; the file is damaged or not separated by commas"
                )
                raise DecodeError(msg)
            yield row


def _rows(spool: Spool, name: str) -> Iterator[Row]:
    """Yield every row that is not blank, the header first."""
    line = 0
    try:
        with _text(spool, name) as text:
            reader = csv.reader(text, strict=True)
            for cells in reader:
                line = reader.line_num
                if cells:
                    yield Row(line, cells)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        msg = f"{name}: the gzip data is damaged or ends early ({error})"
        raise DecodeError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{name}: after line {line} the text is not {error.encoding.upper()}"
        raise DecodeError(msg) from error
    except csv.Error as error:
        msg = f"{name}: after line {line} the text is not CSV ({error})"
        raise DecodeError(msg) from error


@contextmanager
def _text(spool: Spool, name: str) -> Iterator[io.TextIOWrapper]:
    """Open a spool as text: unpacked, its byte order mark read, its newlines kept."""
    with spool.open() as file:
        data = _unpacked(file)
        start = data.peek(64)[:64]
        text = start.decode("utf-8", "replace").lstrip("\ufeff \r\n\t").lower()
        for what, beginnings in _FOREIGN.items():
            if text.startswith(beginnings):
                msg = f"{name}: {what} came instead of CSV; is a proxy in the way?"
                raise DecodeError(msg)
        encoding = "utf-16" if start.startswith(_UTF_16) else "utf-8-sig"
        yield io.TextIOWrapper(data, encoding=encoding, newline="")


def _unpacked(data: io.BufferedReader) -> io.BufferedReader:
    # Twice: a .gz file may travel with `Content-Encoding: gzip` around it.
    for _ in range(2):
        if data.peek(2)[:2] == _GZIP:
            data = io.BufferedReader(cast("io.RawIOBase", gzip.GzipFile(fileobj=data, mode="rb")))
    return data
