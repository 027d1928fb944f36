"""Compression and headers of a file, and the faults that corrupt its bytes."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from starlette.responses import Response

if TYPE_CHECKING:
    from tap_cxone.simulator.faults import Fault
    from tap_cxone.simulator.options import CommonOptions, Compression

BEST = 9
FAST = 1
_GZIP = b"\x1f\x8b"
_PACKED_TYPES: dict[Compression, str] = {
    "gzip-type": "application/gzip",
    "gzip-bare": "binary/octet-stream",
    "gzip-members": "binary/octet-stream",
}


def pack(body: bytes, compression: Compression, fault: Fault | None, level: int = BEST) -> bytes:
    """Return the compressed body; `fault` may truncate or corrupt it."""
    body = _compress(body, compression, level)
    match fault and fault.kind:
        case "truncated-gzip":
            return _truncate(_gzip(body), fault.cut if fault else None)
        case "corrupt-gzip":
            # With two members, the middle of the file is the header of the second member. A change
            # of the header would do no harm.
            return _flip_byte(_gzip(body), 4 if compression == "gzip-members" else 2)
        case _:
            return body


def bytes_response(
    body: bytes, media_type: str, compression: Compression, options: CommonOptions
) -> Response:
    """Return the response with a file's bytes; `media_type` is the type of the unpacked file."""
    headers = {"content-type": _PACKED_TYPES.get(compression, media_type)}
    response = Response(body, headers=headers)
    if compression == "gzip-encoding":
        response.headers["content-encoding"] = "gzip"
    if not options.content_length:
        del response.headers["content-length"]
    return response


def empty_file_response(media_type: str, options: CommonOptions) -> Response:
    """Return the response for a file without rows and without a header."""
    return Response(status_code=204 if options.empty == "204" else 200, media_type=media_type)


def _compress(body: bytes, compression: Compression, level: int) -> bytes:
    """Return the compressed body."""
    match compression:
        case "none":
            return body
        case "gzip-members":
            middle = len(body) // 2
            return gzip.compress(body[:middle], level) + gzip.compress(body[middle:], level)
        case _:
            return gzip.compress(body, level)


def _gzip(body: bytes) -> bytes:
    """Return the body as a gzip file; a gzip file is returned unchanged."""
    return body if body.startswith(_GZIP) else gzip.compress(body)


def _truncate(body: bytes, cut: int | None) -> bytes:
    """Return the first `cut` bytes of a body, by default half."""
    return body[: len(body) // 2 if cut is None else cut]


def _flip_byte(body: bytes, parts: int) -> bytes:
    """Return a body with one changed byte, at the end of the first of `parts` equal parts."""
    corrupted = bytearray(body)
    corrupted[len(body) // parts] ^= 0xFF
    return bytes(corrupted)
