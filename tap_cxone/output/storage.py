"""Store batch files in a local directory or any file system that fsspec supports."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem
from fsspec.utils import get_protocol
from msgspec import Struct

from tap_cxone.errors import BatchError
from tap_cxone.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_URL_WITH_PASSWORD = re.compile(r"[\w+.-]+://[^/]*:[^/]*@")
_MIN_SECRET_LENGTH = 6  # shorter parameters are names such as `eu1`


class Storage(Struct, frozen=True):
    """A destination of files; it is not accessed before the first file.

    Attributes:
        root: A directory, or an address such as `s3://bucket/folder`.
        params: Parameters of the fsspec file system, including credentials.
    """

    root: str
    params: Mapping[str, Any]

    def write(self, name: str, data: bytes) -> str:
        """Write a file atomically; return its address.

        Raises:
            BatchError: The file could not be written.
        """
        try:
            return self._write(name, data)
        except Exception as error:  # each file system raises its own error types
            reason = Redactor(set(_secret_values(self.params)))(f"{type(error).__name__}: {error}")
            msg = (
                f"cannot write the batch file {name} ({reason}); check batch_config.storage: its "
                "params, and whether its root exists, is writable and has free space"
            )
            raise BatchError(msg) from error

    def _write(self, name: str, data: bytes) -> str:
        filesystem, folder = url_to_fs(self.root, **self.params)
        path = f"{folder.rstrip('/')}/{name}"
        if isinstance(filesystem, LocalFileSystem):
            _write_private_file(Path(path), data)
            return str(filesystem.unstrip_protocol(path))
        filesystem.pipe_file(path, data)
        return f"{self.root.rstrip('/')}/{name}"


def _write_private_file(path: Path, data: bytes) -> None:
    """Write a local file with mode 0600; it gets its name when it is complete."""
    _make_private_dirs(path.parent)
    partial_file = path.with_name(f".{path.name}.part")
    try:
        with open(
            partial_file, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)
        ) as file:
            file.write(data)
        partial_file.replace(path)
    finally:
        partial_file.unlink(missing_ok=True)


def _make_private_dirs(folder: Path) -> None:
    # `parents=True` would create the parents with the default mode.
    if not folder.is_dir():
        _make_private_dirs(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _secret_values(params: Any) -> Iterator[str]:
    """Yield the strings in the parameters: any of them may be a credential."""
    if isinstance(params, str) and len(params) >= _MIN_SECRET_LENGTH:
        yield params
    elif isinstance(params, dict):
        for value in params.values():
            yield from _secret_values(value)


def problems(root: str) -> Iterator[str]:
    """Yield errors in a root; use no network."""
    setting, protocol = "batch_config.storage.root", get_protocol(root)
    if "::" in root:
        yield f"{setting} is a chain of addresses (::), which no target can read; set one address"
        return
    if _URL_WITH_PASSWORD.match(root):
        yield (
            f"{setting} contains a password, and the target receives the address; "
            "move the password to batch_config.storage.params"
        )
    if "?" in root:
        yield (
            f"{setting} contains a question mark, where targets end the path; use a folder without "
            "one, and move options to batch_config.storage.params"
        )
    try:
        fsspec.get_filesystem_class(protocol)
    except ValueError:
        yield f"{setting} begins with {protocol}://, which fsspec does not support; correct it"
    except ImportError as error:
        yield f"{setting} needs a further package for {protocol}:// ({error}); install it"
