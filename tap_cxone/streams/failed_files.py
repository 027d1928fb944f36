"""Keep the raw files of failed windows for diagnosis, on request."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    import logging
    from datetime import datetime
    from pathlib import Path

    from tap_cxone.events.audit_log import AuditContext
    from tap_cxone.spool import Spool

_MAX_FILES = 20
_SUFFIX = ".failed"


class FailedFiles(Struct, frozen=True):
    """A directory with the newest files of failed windows.

    Attributes:
        folder: The directory; None to keep no file.
        log: Logger of the stream.
    """

    folder: Path | None
    log: logging.Logger

    def keep(self, spool: Spool, description: str, audit_context: AuditContext) -> None:
        """Copy a file as received to the directory; delete the oldest files there.

        An error is logged, because the window has failed for another reason.

        Args:
            spool: The file.
            description: Name of the window for messages.
            audit_context: Audit fields of the window.
        """
        window = audit_context.window
        if self.folder is None or window is None:
            return
        instants = f"{_compact(window.start)}_{_compact(window.end)}"
        name = f"{audit_context.stream}_{instants}_{spool.sha256[:8]}{_SUFFIX}"
        path = self.folder / name
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _copy(spool, path)
            self._delete_oldest()
        except OSError as error:
            error_text = "%s: the file could not be kept in %s (%s); correct keep_failed_files"
            self.log.warning(error_text, description, self.folder, error.strerror or error)
            return
        warning = "%s: kept the file, which contains personal data, as %s; delete it later"
        self.log.warning(warning, description, path)
        audit_context.write("file_kept", path=str(path))

    def _delete_oldest(self) -> None:
        assert self.folder is not None  # noqa: S101 (`keep` has checked it)
        files = sorted(self.folder.glob(f"*{_SUFFIX}"), key=lambda path: path.stat().st_mtime_ns)
        for path in files[:-_MAX_FILES]:
            path.unlink()


def _compact(instant: datetime) -> str:
    return instant.strftime("%Y%m%dT%H%M%SZ")


def _copy(spool: Spool, path: Path) -> None:
    path.unlink(missing_ok=True)  # it may have another mode
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with spool.open() as source, os.fdopen(descriptor, "wb") as copy:
        shutil.copyfileobj(source, copy)
