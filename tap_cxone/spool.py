"""The private temporary file that a download lands in, whole, before anything reads it."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import tempfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Self

import msgspec
from typing_extensions import override

from tap_cxone.errors import DownloadError, SpoolError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import TracebackType


_ROWS_PER_CHUNK = 100  # rows that are written at once
_JSON_ENCODER = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class Spool:
    """A complete download: a file without a name, readable by nobody else.

    Attributes:
        file: The bytes as they came over the wire (gzip stays gzip).
        size: Their number.
        sha256: Their digest, in hex.
    """

    file: IO[bytes]
    size: int
    sha256: str

    def open(self) -> io.BufferedReader:
        """Return a reader at the file's beginning; closing it leaves the spool as it is."""
        return io.BufferedReader(_FileView(self.file))

    def __enter__(self) -> Self:
        """Keep the file for the length of a block."""
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the file, which removes it."""
        self.file.close()


class _FileView(io.RawIOBase):
    """A place of its own in a file that others read too."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._position = 0

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any) -> int:
        self._file.seek(self._position)
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


def spool_chunks(chunks: Iterable[bytes], *, expected_size: int | None, description: str) -> Spool:
    """Write `chunks` into a new spool and check that as many bytes came as were announced.

    Raises:
        DownloadError: The file is shorter or longer than announced.
        SpoolError: The disk is full.
    """
    file: IO[bytes] | None = None
    try:
        file = tempfile.TemporaryFile(prefix="tap-cxone-")  # noqa: SIM115 (lives on in the spool)
        size, digest = _copy(chunks, file)
        file.flush()
    except OSError as error:
        _discard(file)
        raise SpoolError(description, error.strerror or error) from error
    except BaseException:
        _discard(file)
        raise
    spool = Spool(file, size, digest)
    if expected_size is not None and size != expected_size:
        _discard(file)
        msg = f"{description}: {size} bytes came, {expected_size} were announced"
        raise DownloadError(msg)
    return spool


def spool_json_pages(pages: Iterable[Sequence[bytes]], description: str) -> Spool:
    """Write pages of JSON texts into a new spool, as one array.

    Raises:
        SpoolError: The disk is full.
    """
    return spool_chunks(_json_array(pages), expected_size=None, description=description)


def _json_array(pages: Iterable[Sequence[bytes]]) -> Iterator[bytes]:
    separator = b"["
    for page in pages:
        for index in range(0, len(page), _ROWS_PER_CHUNK):
            yield separator + b",\n".join(page[index : index + _ROWS_PER_CHUNK])
            separator = b",\n"
    yield b"]" if separator == b",\n" else b"[]"


def encode_json(value: Any) -> bytes:
    """Write a value as JSON, every number digit by digit."""
    try:
        return _JSON_ENCODER.encode(value)
    except UnicodeEncodeError:  # half a character: whoever reads the row will judge it
        return json.dumps(value, default=str).encode()


def _discard(file: IO[bytes] | None) -> None:
    with contextlib.suppress(OSError):  # a full disk is full for the last buffer too
        if file is not None:
            file.close()


def _copy(chunks: Iterable[bytes], file: IO[bytes]) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    for chunk in chunks:
        file.write(chunk)
        digest.update(chunk)
        size += len(chunk)
    return size, digest.hexdigest()
