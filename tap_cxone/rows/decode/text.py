"""Read a spool as text: decompress gzip, detect the encoding, explain damaged data."""

from __future__ import annotations

import codecs
import io
import re
import unicodedata
from contextlib import contextmanager
from gzip import BadGzipFile
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_cxone.errors import DecodeError

GzipFile: Any
gzip_error: Any
try:  # isal takes less than half of the time of zlib, and has no wheel on some machines
    from isal.igzip import GzipFile
    from isal.isal_zlib import error as gzip_error
except ImportError:
    from gzip import GzipFile
    from zlib import error as gzip_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_cxone.rows.text_format import TextFormat
    from tap_cxone.spool import Spool

_BUFFER_BYTES = 1 << 16
_GZIP = b"\x1f\x8b"
_SAMPLE_BYTES = 4096
# UTF-16 of a Latin letter or digit and three ASCII characters, after up to four signs.
_UTF_16_TEXTS = {
    "utf-16-le": re.compile(rb"(?:[^\w\0]\0){0,4}[A-Za-z0-9]\0(?:[ -~]\0){3}"),
    "utf-16-be": re.compile(rb"(?:\0[^\w\0]){0,4}\0[A-Za-z0-9](?:\0[ -~]){3}"),
}
_LINE_END = re.compile("[\r\n]")
_NO_TEXT = ("Cc", "Cn", "Co", "Cs")  # categories of characters that no text has
_MAX_UPPER_HALVES = 3  # zero, and those of one or two blocks of a script
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_MARKS = {codecs.BOM_UTF8: "utf-8"} | dict.fromkeys(_UTF_16, "utf-16")


_GZIP_ERRORS = (EOFError, BadGzipFile, gzip_error)
DAMAGE_ERRORS = (*_GZIP_ERRORS, UnicodeError)
"""Errors raised inside `open_text` if a file is damaged."""

MAX_UNPACKED_BYTES = 20_000_000_000
"""Default maximum size of a file after decompression, in bytes."""


def read_beginning(spool: Spool, name: str, text_format: TextFormat) -> str:
    """Return the first characters of a file in lower case, without leading whitespace.

    Raises:
        DecodeError: The file is damaged there.
    """
    with open_text(spool, name, lambda: "at its beginning", text_format) as text:
        return text.read(64).lstrip("\ufeff \r\n\t").lower()


@contextmanager
def open_text(  # noqa: PLR0913 (the last one is for files that are read from their middle)
    spool: Spool,
    name: str,
    describe_position: Callable[[], str],
    text_format: TextFormat,
    max_bytes: int = MAX_UNPACKED_BYTES,
    *,
    skipped_bytes: int = 0,
) -> Iterator[io.TextIOWrapper]:
    """Open a spool as text, without newline translation.

    Args:
        spool: The file; its first bytes identify gzip.
        name: Name of the file in error messages.
        describe_position: Returns the current position for error messages.
        text_format: The encoding of the file, if the user has set one.
        max_bytes: Maximum size of the file after decompression.
        skipped_bytes: Number of bytes of UTF-8 before the text that is read.

    Yields:
        The text. Without an encoding it is UTF-16 or UTF-8, as its first bytes show.

    Raises:
        DecodeError: Data read inside the block are damaged, or are not text.
    """
    try:
        with spool.open() as file:
            data = _unpack(file, name, max_bytes)
            encoding = _encoding_of(data, name, text_format)
            if skipped_bytes:
                _skip(data, skipped_bytes)
                encoding = "utf-8"  # a byte order mark inside the file is text
            yield io.TextIOWrapper(data, encoding=encoding, newline="")
    except _GZIP_ERRORS as error:
        msg = f"{name}: the gzip data is damaged or ends early ({error})"
        raise DecodeError(msg) from error
    except UnicodeError as error:
        expected = getattr(error, "encoding", encoding).upper()
        msg = f"{name}: {describe_position()} the text is not {expected}"
        if setting := text_format.csv_setting:
            msg = (
                f"{name}: {describe_position()} the text is not {expected}; if it has another "
                f"encoding, set {setting}.encoding"
            )
        raise DecodeError(msg) from error


@contextmanager
def open_utf_8(
    spool: Spool, name: str, text_format: TextFormat, max_bytes: int
) -> Iterator[io.BufferedReader | None]:
    """Open a spool as bytes of UTF-8; None if its text has another encoding.

    Raises:
        DecodeError: The file unpacks to more than `max_bytes`.
    """
    with spool.open() as file:
        data = _unpack(file, name, max_bytes)
        encoding = _encoding_of(data, name, text_format)
        yield data if codecs.lookup(encoding).name in {"utf-8", "utf-8-sig"} else None


def _skip(data: io.BufferedReader, count: int) -> None:
    while count and (read := data.read(min(count, _BUFFER_BYTES))):
        count -= len(read)


def _encoding_of(data: io.BufferedReader, name: str, text_format: TextFormat) -> str:
    """Return the encoding of a file: the setting, or what its first bytes show.

    Raises:
        DecodeError: The file begins with the byte order mark of another encoding than the setting.
    """
    beginning, own = data.peek(_SAMPLE_BYTES), text_format.encoding
    marked = next((_MARKS[mark] for mark in _MARKS if beginning.startswith(mark)), "")
    known = codecs.lookup(own).name if own else marked
    if not marked or known.startswith("utf-32"):
        return own or _detect_encoding(beginning)
    if not known.startswith(marked):
        msg = (
            f"{name}: it begins with the byte order mark of {marked.upper()}, but "
            f"{text_format.csv_setting}.encoding is {own}; remove that setting, or have the file "
            "corrected"
        )
        raise DecodeError(msg)
    return _detect_encoding(beginning)


def _detect_encoding(data: bytes) -> str:
    """Return the encoding that the first bytes of a file show: UTF-16, otherwise UTF-8.

    In UTF-16 without a byte order mark every second byte of a Latin letter is zero. So it is in a
    line end, if the titles have no Latin letters.
    """
    if data[:2] in _UTF_16:
        return "utf-16"
    sample = data[:_SAMPLE_BYTES]
    for encoding, latin_text in _UTF_16_TEXTS.items():
        if latin_text.match(sample) or (b"\0" in sample and _is_utf_16(sample, encoding)):
            return encoding
    return "utf-8-sig"


def _is_utf_16(sample: bytes, encoding: str) -> bool:
    """Return True if bytes are lines of ordinary characters in a kind of UTF-16.

    Letters of some scripts are ASCII characters in UTF-8. Then the upper halves of all characters
    are few different bytes, those of a script.
    """
    text = _decode(sample, encoding)
    if not _LINE_END.search(text) or not all(map(_is_ordinary, text)):
        return False
    upper_halves = sample[1::2] if encoding == "utf-16-le" else sample[::2]
    return not _decode(sample, "utf-8") or len(set(upper_halves)) <= _MAX_UPPER_HALVES


def _decode(sample: bytes, encoding: str) -> str:
    """Return the characters of a sample; empty if it has another encoding."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(sample)
    except UnicodeDecodeError:
        return ""


def _is_ordinary(character: str) -> bool:
    return character in "\t\r\n" or unicodedata.category(character) not in _NO_TEXT


class _BoundedGzip(io.RawIOBase):
    """Gzip reader with a size limit, as protection against decompression bombs."""

    def __init__(self, compressed: io.BufferedReader, name: str, max_bytes: int) -> None:
        self._gzip_file = GzipFile(fileobj=compressed, mode="rb")
        self._name, self._max_bytes, self._remaining_bytes = name, max_bytes, max_bytes

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any) -> int:
        count: int = self._gzip_file.readinto(buffer)
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
