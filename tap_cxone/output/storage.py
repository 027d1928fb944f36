"""Store batch files in a local directory or any file system that fsspec supports.

A file gets its name by `commit`, after its last byte: nothing reads it before.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem
from msgspec import Struct

from tap_cxone.errors import BatchError
from tap_cxone.redact import Redactor, secret_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tap_cxone.clock import Clock

_PART_BYTES = 8 << 20  # bytes of a part of an upload, which are held in memory
_RETRY_WAITS = (timedelta(seconds=1), timedelta(seconds=5))


class StoredFile(Protocol):
    """A file that is being written. Every method raises `BatchError` if the storage fails."""

    def write(self, data: bytes) -> None:
        """Append bytes."""

    def finish(self) -> None:
        """Store all bytes, still without a name."""

    def commit(self) -> str:
        """Give a finished file its name; return its address."""

    def discard(self) -> None:
        """Delete what was stored, named or not."""


class Storage(Struct, frozen=True):
    """A destination of files; it is not accessed before the first file.

    Attributes:
        root: A directory, or an address such as `s3://bucket/folder`.
        params: Parameters of the fsspec file system, including credentials.
        clock: Clock of the waits before an upload is repeated.
    """

    root: str
    params: Mapping[str, Any]
    clock: Clock

    def create(self, name: str) -> StoredFile:
        """Return a new file; `name` may have folders.

        Raises:
            BatchError: The file system cannot be used.
        """
        with self.explained(name):
            filesystem, folder = url_to_fs(self.root, **self.params)
        path = f"{folder.rstrip('/')}/{name}"
        if isinstance(filesystem, LocalFileSystem):
            return _LocalFile(self, name, Path(path), str(filesystem.unstrip_protocol(path)))
        return _RemoteFile(self, name, filesystem, path)

    @contextmanager
    def explained(self, name: str) -> Iterator[None]:
        """Raise `BatchError` for any error of the file system, which has error types of its own."""
        try:
            yield
        except Exception as error:
            reason = Redactor(set(secret_texts(self.params)))(f"{type(error).__name__}: {error}")
            msg = (
                f"cannot write the batch file {name} ({reason}); check batch_config.storage: its "
                "params, and whether its root exists, is writable and has free space"
            )
            raise BatchError(msg) from error


class _LocalFile:
    """A local file with mode 0600; before its commit its name begins with a dot."""

    def __init__(self, storage: Storage, name: str, path: Path, url: str) -> None:
        self._storage, self._name = storage, name
        self._path, self._url = path, url
        self._partial_path = path.with_name(f".{path.name}.part")
        self._file: IO[bytes] | None = None
        self._stored_path = self._partial_path

    def write(self, data: bytes) -> None:
        with self._storage.explained(self._name):
            if self._file is None:
                _make_private_dirs(self._path.parent)
                self._file = open(self._partial_path, "xb", opener=_open_private)  # noqa: SIM115
            self._file.write(data)

    def finish(self) -> None:
        with self._storage.explained(self._name):
            if self._file is not None:
                self._file.close()

    def commit(self) -> str:
        with self._storage.explained(self._name):
            self._stored_path = self._partial_path.replace(self._path)
        return self._url

    def discard(self) -> None:
        if self._file is None:
            return
        with suppress(OSError):  # on a full disk, flushing the last buffer fails again
            self._file.close()
        self._stored_path.unlink(missing_ok=True)


def _open_private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


def _make_private_dirs(folder: Path) -> None:
    # `parents=True` would create the parents with the default mode.
    if not folder.is_dir():
        _make_private_dirs(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


class _RemoteFile:
    """A file that is uploaded in parts while it is written, and again from a local copy if needed.

    Its commit, after the last part, gives it its name.
    """

    def __init__(self, storage: Storage, name: str, filesystem: Any, path: str) -> None:
        self._storage, self._name = storage, name
        self._filesystem, self._path = filesystem, path
        self._copy = tempfile.TemporaryFile(prefix="tap-cxone-")  # noqa: SIM115 (see `discard`)
        self._upload: Any = None
        self._is_failed = self._is_committed = False

    def write(self, data: bytes) -> None:
        with self._storage.explained(self._name):
            self._copy.write(data)
        if self._is_failed:
            return
        try:
            self._upload = self._upload or self._new_upload()
            self._upload.write(data)
        except Exception:  # noqa: BLE001 (`finish` uploads the copy, and reports its error)
            self._is_failed = True
            self._abort()

    def finish(self) -> None:
        self._try_repeatedly(lambda: self._upload.close())  # noqa: PLW0108 (it changes)

    def commit(self) -> str:
        self._try_repeatedly(lambda: self._upload.commit())  # noqa: PLW0108 (it changes)
        self._is_committed = True
        self._copy.close()
        return f"{self._storage.root.rstrip('/')}/{self._name}"

    def discard(self) -> None:
        self._abort()
        self._copy.close()
        if self._is_committed:
            with suppress(Exception):  # the next run emits its rows in another file
                self._filesystem.rm(self._path)

    def _try_repeatedly(self, step: Callable[[], None]) -> None:
        """Do a step of the upload; after an error, upload the copy and do it again, a few times."""
        waits = iter(_RETRY_WAITS)
        while True:
            try:
                if self._upload is None:
                    self._upload_copy()
                step()
            except Exception:
                self._abort()
                if (wait := next(waits, None)) is None:
                    with self._storage.explained(self._name):
                        raise
                self._storage.clock.sleep(wait)
            else:
                return

    def _upload_copy(self) -> None:
        self._upload = self._new_upload()
        self._copy.seek(0)
        while data := self._copy.read(_PART_BYTES):
            self._upload.write(data)
        self._upload.close()

    def _new_upload(self) -> Any:
        if "/" in self._name:
            parent, _, _ = self._path.rpartition("/")
            self._filesystem.makedirs(parent, exist_ok=True)
        upload = self._filesystem.open(self._path, "wb", block_size=_PART_BYTES, autocommit=False)
        self._filesystem.transaction.files.remove(upload)  # this class commits it
        return upload

    def _abort(self) -> None:
        upload, self._upload = self._upload, None
        if upload is None:
            return
        upload.closed = True  # else it would be uploaded when it is garbage
        with suppress(Exception):
            upload.discard()
