"""A spool as text: unpacked, its byte order mark read, what is wrong with it explained."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from tap_cxone.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_cxone.spool import Spool

_GZIP = b"\x1f\x8b"
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def beginning(spool: Spool, name: str) -> str:
    """Return the first characters of a file, in small letters, without blanks before them."""
    with reading(spool, name, lambda: "at its beginning") as text:
        return text.read(64).lstrip("\ufeff \r\n\t").lower()


@contextmanager
def reading(spool: Spool, name: str, place: Callable[[], str]) -> Iterator[io.TextIOWrapper]:
    """Open a spool as text, newlines kept.

    Args:
        spool: The file; gzip is known by its first bytes.
        name: What to call it in a message.
        place: Says how far the reading is.

    Raises:
        DecodeError: What is read inside the block turns out to be damaged, or no text.
    """
    try:
        with spool.open() as file:
            data = _unpacked(file)
            encoding = "utf-16" if data.peek(2)[:2] in _UTF_16 else "utf-8-sig"
            yield io.TextIOWrapper(data, encoding=encoding, newline="")
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        msg = f"{name}: the gzip data is damaged or ends early ({error})"
        raise DecodeError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{name}: {place()} the text is not {error.encoding.upper()}"
        raise DecodeError(msg) from error


def _unpacked(data: io.BufferedReader) -> io.BufferedReader:
    # Twice: a .gz file may travel with `Content-Encoding: gzip` around it.
    for _ in range(2):
        if data.peek(2)[:2] == _GZIP:
            data = io.BufferedReader(cast("io.RawIOBase", gzip.GzipFile(fileobj=data, mode="rb")))
    return data
