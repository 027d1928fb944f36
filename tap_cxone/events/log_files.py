"""Files of an audit log: one local file, or the objects of a folder that fsspec serves."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING

from fsspec.core import url_to_fs

if TYPE_CHECKING:
    from collections.abc import Iterator

SUFFIX = ".jsonl"


def is_address(path: str) -> bool:
    """Return True if a path is the address of a folder, such as `s3://bucket/audit`."""
    return "://" in path


def is_folder(path: str) -> bool:
    """Return True if a path is an address, or a local folder."""
    return is_address(path) or Path(path).is_dir()


def read_folder(path: str) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the name and the file of each audit log of a folder, in the order of their names.

    The credentials are those of the environment, as fsspec and its file systems read them.

    Raises:
        FileNotFoundError: The folder does not exist.
    """
    filesystem, folder = url_to_fs(path, skip_instance_cache=True)
    for name in sorted(filesystem.ls(folder, detail=False)):
        if name.endswith(SUFFIX):
            with filesystem.open(name, "rb") as file:
                yield name, file
