"""Store pages of JSON objects as one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cxone.spool import Spool, spool_chunks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_ROWS_PER_CHUNK = 100  # rows per write


def spool_json_pages(pages: Iterable[Sequence[bytes]], description: str) -> Spool:
    """Write pages of JSON texts to a new spool, as one array.

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
