"""Rows → the CSV file of a job, in each shape that a tenant may serve."""

from __future__ import annotations

import csv
import gzip
import io
from typing import TYPE_CHECKING

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tap_cxone.simulator.faults import Fault
    from tap_cxone.simulator.options import Compression, Options

_BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
_CONTENT_TYPES: dict[Compression, str] = {
    "none": "text/csv",
    "gzip-encoding": "text/csv",
    "gzip-type": "application/gzip",
    "gzip-bare": "binary/octet-stream",
    "gzip-members": "binary/octet-stream",
}


def file_response(
    columns: Sequence[str],
    rows: Iterable[Mapping[str, str]],
    options: Options,
    fault: Fault | None,
) -> Response:
    """Answer a download with these rows, spoiled by `fault` if it concerns the file."""
    kind = fault.kind if fault else None
    if fault and kind == "bytes":
        return _response(fault.payload, options)
    lines = [[row[column] for column in columns] for row in rows]
    if not lines and options.empty != "header":
        return Response(status_code=204 if options.empty == "204" else 200, media_type="text/csv")
    if kind == "ragged-csv":
        lines += [["too short"], ["too long", *columns]]
    text = _text([columns, *lines], options)
    if kind == "malformed-csv":
        text += '"this quote never ends,'
    body = _compressed(text.encode(), options.compression)
    if fault and kind == "truncated-gzip":
        body = _cut_gzip(body, fault.cut)
    return _response(body, options)


def _text(lines: Iterable[Sequence[str]], options: Options) -> str:
    """Write lines as CSV."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=options.newline).writerows(lines)
    return (_BOM if options.bom else "") + out.getvalue()


def _compressed(body: bytes, compression: Compression) -> bytes:
    """Return a body as it goes over the wire."""
    match compression:
        case "none":
            return body
        case "gzip-members":
            middle = len(body) // 2
            return gzip.compress(body[:middle]) + gzip.compress(body[middle:])
        case _:
            return gzip.compress(body)


def _cut_gzip(body: bytes, cut: int | None) -> bytes:
    """Return the beginning of a gzip file."""
    whole = body if body.startswith(b"\x1f\x8b") else gzip.compress(body)
    return whole[: len(whole) // 2 if cut is None else cut]


def _response(body: bytes, options: Options) -> Response:
    """Answer with a file's bytes."""
    response = Response(body, headers={"content-type": _CONTENT_TYPES[options.compression]})
    if options.compression == "gzip-encoding":
        response.headers["content-encoding"] = "gzip"
    if not options.content_length:
        del response.headers["content-length"]
    return response
