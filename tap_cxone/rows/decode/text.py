"""Read a spool as text: decompress gzip, detect the encoding, explain damaged data."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_cxone.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_cxone.spool import Spool

_BUFFER_BYTES = 1 << 16
_GZIP = b"\x1f\x8b"
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


_GZIP_ERRORS = (EOFError, gzip.BadGzipFile, zlib.error)
DAMAGE_ERRORS = (*_GZIP_ERRORS, UnicodeDecodeError)
"""Errors raised inside `open_text` if a file is damaged."""

MAX_UNPACKED_BYTES = 20_000_000_000
"""Default maximum size of a file after decompression, in bytes."""


def read_beginning(spool: Spool, name: str) -> str:
    """Return the first characters of a file in lower case, without leading whitespace.

    Raises:
        DecodeError: The file is damaged there.
    """
    with open_text(spool, name, lambda: "at its beginning") as text:
        return text.read(64).lstrip("\ufeff \r\n\t").lower()


@contextmanager
def open_text(
    spool: Spool,
    name: str,
    describe_position: Callable[[], str],
    max_bytes: int = MAX_UNPACKED_BYTES,
) -> Iterator[io.TextIOWrapper]:
    """Open a spool as text, without newline translation.

    Args:
        spool: The file; its first bytes identify gzip.
        name: Name of the file in error messages.
        describe_position: Returns the current position for error messages.
        max_bytes: Maximum size of the file after decompression.

    Yields:
        The text, decoded as UTF-16 if it has that byte order mark, otherwise as UTF-8.

    Raises:
        DecodeError: Data read inside the block are damaged, or are not text.
    """
    try:
        with spool.open() as file:
            data = _unpack(file, name, max_bytes)
            encoding = "utf-16" if data.peek(2)[:2] in _UTF_16 else "utf-8-sig"
            yield io.TextIOWrapper(data, encoding=encoding, newline="")
    except _GZIP_ERRORS as error:
        msg = f"{name}: the gzip data is damaged or ends early ({error})"
        raise DecodeError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{name}: {describe_position()} the text is not {error.encoding.upper()}"
        raise DecodeError(msg) from error


class _BoundedGzip(io.RawIOBase):
    """Gzip reader with a size limit, as protection against decompression bombs."""

    def __init__(self, compressed: io.BufferedReader, name: str, max_bytes: int) -> None:
        self._gzip_file = gzip.GzipFile(fileobj=compressed, mode="rb")
        self._name, self._max_bytes, self._remaining_bytes = name, max_bytes, max_bytes

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any) -> int:
        count = self._gzip_file.readinto(buffer)
        self._remaining_bytes -= count
        if self._remaining_bytes < 0:
            msg = (
                f"{self._name}: the file unpacks to more than {self._max_bytes / 1e6:g} MB; "
                "unless it is a decompression bomb, raise max_unpacked_mb or narrow the window"
            )
            raise DecodeError(msg)
        return count


def _unpack(data: io.BufferedReader, name: str, max_bytes: int) -> io.BufferedReader:
    # Twice: a .gz file may be sent with `Content-Encoding: gzip`.
    for _ in range(2):
        if data.peek(2)[:2] == _GZIP:
            data = io.BufferedReader(_BoundedGzip(data, name, max_bytes), _BUFFER_BYTES)
    return data
