"""A local file of JSON lines that several processes append to."""

from __future__ import annotations

import errno
import os

from msgspec import Struct

_MODE = 0o600


class LocalFile(Struct, frozen=True):
    """A file of lines; it is created with mode 0600. Every method may raise `OSError`.

    Attributes:
        path: Path of the file.
    """

    path: str

    def clear(self) -> None:
        """Create the file, or delete its lines."""
        os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE))

    def close(self) -> None:
        """Do nothing: each line is in the file already."""

    def append(self, line: bytes) -> None:
        """Append a line with a single write, which keeps the lines of processes apart."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, _MODE)
        try:
            data = line if _ends_with_line(descriptor) else b"\n" + line
            written = os.write(descriptor, data)
            if written < len(data):
                _remove_incomplete_line(descriptor, written)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(descriptor)


def _ends_with_line(descriptor: int) -> bool:
    """Return True if a file is empty or ends with a complete line."""
    if not os.fstat(descriptor).st_size:
        return True
    os.lseek(descriptor, -1, os.SEEK_END)
    return os.read(descriptor, 1) == b"\n"


def _remove_incomplete_line(descriptor: int, size: int) -> None:
    """Remove the bytes that the last write of this process appended, if no other line follows."""
    end = os.lseek(descriptor, 0, os.SEEK_CUR)
    if os.fstat(descriptor).st_size == end:
        os.ftruncate(descriptor, end - size)
