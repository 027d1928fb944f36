"""The audit log of one run as one object in a folder that fsspec serves.

An object cannot be appended to. So the lines are kept in a local copy, and the whole object is
uploaded again. That happens with the first line, then at most once a minute, and at the end. A run
that is killed leaves the lines up to the last upload.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import IO, TYPE_CHECKING, Any

from fsspec.core import url_to_fs

from tap_cxone.events.log_files import SUFFIX
from tap_cxone.redact import Redactor, secret_texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_cxone.clock import Clock

_UPLOAD_INTERVAL = timedelta(minutes=1)
_RETRY_WAITS = (timedelta(seconds=1), timedelta(seconds=5))


@dataclass(slots=True)
class RemoteLog:
    """An object of lines; thread-safe. Every method may raise `OSError`.

    Attributes:
        folder: Address of the folder, which exists.
        params: Parameters of the fsspec file system, including credentials.
        clock: Clock of the run.
        run_id: Identifier of the run, a part of the object's name.
    """

    folder: str
    params: Mapping[str, Any] = field(repr=False)
    clock: Clock
    run_id: str
    _name: str = ""
    _copy: IO[bytes] | None = None
    _uploaded_at: datetime = field(init=False)  # the first line sets it
    _is_closed: bool = False
    _lock: Lock = field(default_factory=Lock, repr=False)

    def append(self, line: bytes) -> None:
        """Append a line; upload all lines if none were uploaded in the last minute.

        The first upload shows whether the folder can be written. A later one that fails is
        repeated a minute later.
        """
        with self._lock:
            if self._is_closed:  # an abandoned thread may write after the end of the run
                return
            if self._copy is None:
                self._copy = self._start(line)
                return
            self._copy.write(line)
            now = self.clock.now()
            if now - self._uploaded_at >= _UPLOAD_INTERVAL:
                self._uploaded_at = now
                with suppress(OSError):
                    self._upload(self._copy)

    def _start(self, line: bytes) -> IO[bytes]:
        """Upload the first line; return the copy of all lines."""
        self._uploaded_at = self.clock.now()
        self._name = f"{self._uploaded_at:%Y-%m-%dT%H%M%SZ}-{self.run_id}{SUFFIX}"
        with ExitStack() as stack:
            copy = stack.enter_context(tempfile.TemporaryFile(prefix="tap-cxone-"))
            copy.write(line)
            self._upload(copy)
            stack.pop_all()
        return copy

    def close(self) -> None:
        """Upload all lines, with two retries; without a line, or a second time, do nothing."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            if self._copy is None:
                return
            with self._copy as copy:
                for wait in _RETRY_WAITS:
                    with suppress(OSError):
                        self._upload(copy)
                        return
                    self.clock.sleep(wait)
                self._upload(copy)

    def _upload(self, copy: IO[bytes]) -> None:
        copy.seek(0)
        try:
            filesystem, folder = url_to_fs(self.folder, **self.params)
            with filesystem.open(f"{folder.rstrip('/')}/{self._name}", "wb") as target:
                shutil.copyfileobj(copy, target)
        except Exception as error:  # each file system has error types of its own
            redact = Redactor(set(secret_texts(self.params)))
            raise OSError(redact(f"{type(error).__name__}: {error}")) from error
        finally:
            copy.seek(0, os.SEEK_END)
