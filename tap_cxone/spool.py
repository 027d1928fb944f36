"""Store a complete download in a private temporary file before it is read."""

from __future__ import annotations

import contextlib
import hashlib
import io
import tempfile
from datetime import timedelta
from typing import IO, TYPE_CHECKING, Any, Self

from msgspec import Struct
from typing_extensions import override

from tap_cxone.errors import DownloadError, SpoolError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from types import TracebackType

    from tap_cxone.windows import Window


class Spool(Struct, frozen=True):
    """A complete download in a file without a name, so other users cannot read it.

    Attributes:
        file: The bytes as received (gzip is not decompressed).
        size: Number of bytes.
        sha256: SHA-256 of the bytes, in hex.
    """

    file: IO[bytes]
    size: int
    sha256: str

    def open(self) -> io.BufferedReader:
        """Return a reader at the beginning of the file; closing it does not close the spool."""
        return io.BufferedReader(_FileView(self.file))

    def __enter__(self) -> Self:
        """Return the spool; the file exists until the end of the block."""
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the file, which deletes it."""
        self.file.close()


class WindowFile(Struct, frozen=True):
    """The downloaded file of a window.

    Attributes:
        window: Window of the file.
        upcoming: Windows that follow it.
        description: Name of the window for messages.
        job_id: ID of the job that made the file; None if the API has no such ID.
        spool: The file.
        started_at: When the file was requested.
        duration: Time from the request to the end of the download.
    """

    window: Window
    upcoming: Sequence[Window]
    description: str
    job_id: str | None
    spool: Spool
    started_at: datetime | None = None
    duration: timedelta = timedelta(0)

    @property
    def size(self) -> int:
        """Return the bytes that the file occupies on disk."""
        return self.spool.size

    def close(self) -> None:
        """Delete the file."""
        self.spool.file.close()


class _FileView(io.RawIOBase):
    """A reader with an independent position in a shared file."""

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
    """Write `chunks` to a new spool and validate its size.

    Args:
        chunks: The bytes of the file.
        expected_size: Expected number of bytes; None if unknown.
        description: Name of the file in error messages.

    Raises:
        DownloadError: The size differs from the expected size.
        SpoolError: The disk is full.
    """
    file: IO[bytes] | None = None
    try:
        file = tempfile.TemporaryFile(prefix="tap-cxone-")  # noqa: SIM115 (closed by the spool)
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
        msg = f"{description}: received {size} of {expected_size} announced bytes"
        raise DownloadError(msg)
    return spool


def _discard(file: IO[bytes] | None) -> None:
    with contextlib.suppress(OSError):  # on a full disk, flushing the last buffer fails again
        if file is not None:
            file.close()


def _copy(chunks: Iterable[bytes], file: IO[bytes]) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    for chunk in chunks:
        file.write(chunk)
        digest.update(chunk)
        size += len(chunk)
    return size, digest.hexdigest()
