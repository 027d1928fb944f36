"""A file's bytes on their way: compressed, labelled, damaged where a fault has it so."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from starlette.responses import Response

if TYPE_CHECKING:
    from tap_cxone.simulator.faults import Fault
    from tap_cxone.simulator.options import Compression, Options

BEST = 9
FAST = 1
_GZIP = b"\x1f\x8b"
_PACKED_TYPES: dict[Compression, str] = {
    "gzip-type": "application/gzip",
    "gzip-bare": "binary/octet-stream",
    "gzip-members": "binary/octet-stream",
}


def pack(body: bytes, compression: Compression, fault: Fault | None, level: int = BEST) -> bytes:
    """Return a file as it goes over the wire, spoiled by `fault` if it concerns the packing."""
    body = _compress(body, compression, level)
    match fault and fault.kind:
        case "truncated-gzip":
            return _truncate(_gzip(body), fault.cut if fault else None)
        case "corrupt-gzip":
            # Of two members, the middle of all would be the harmless head of the second.
            return _flip_byte(_gzip(body), 4 if compression == "gzip-members" else 2)
        case _:
            return body


def bytes_response(
    body: bytes, media_type: str, compression: Compression, options: Options
) -> Response:
    """Answer with a file's bytes; `media_type` is what the file is once unpacked."""
    headers = {"content-type": _PACKED_TYPES.get(compression, media_type)}
    response = Response(body, headers=headers)
    if compression == "gzip-encoding":
        response.headers["content-encoding"] = "gzip"
    if not options.content_length:
        del response.headers["content-length"]
    return response


def empty_file_response(media_type: str, options: Options) -> Response:
    """Answer where there is nothing to write, not even a header."""
    return Response(status_code=204 if options.empty == "204" else 200, media_type=media_type)


def _compress(body: bytes, compression: Compression, level: int) -> bytes:
    """Return a body compressed as it is to be."""
    match compression:
        case "none":
            return body
        case "gzip-members":
            middle = len(body) // 2
            return gzip.compress(body[:middle], level) + gzip.compress(body[middle:], level)
        case _:
            return gzip.compress(body, level)


def _gzip(body: bytes) -> bytes:
    """Return a body as a gzip file, which it may be already."""
    return body if body.startswith(_GZIP) else gzip.compress(body)


def _truncate(body: bytes, cut: int | None) -> bytes:
    """Return the beginning of a body."""
    return body[: len(body) // 2 if cut is None else cut]


def _flip_byte(body: bytes, parts: int) -> bytes:
    """Return a body of which one byte is wrong, where the first of equal parts ends."""
    spoiled = bytearray(body)
    spoiled[len(body) // parts] ^= 0xFF
    return bytes(spoiled)
