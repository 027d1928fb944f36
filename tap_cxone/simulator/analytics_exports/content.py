"""Files of analytics exports, in every requested format and served variant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tap_cxone.simulator import csvfile
from tap_cxone.simulator.analytics_exports.invalid_elements import insert_invalid_elements
from tap_cxone.simulator.jsontext import cell, decode, encode, pretty
from tap_cxone.simulator.packing import FAST, bytes_response, empty_file_response, pack

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from starlette.responses import Response

    from tap_cxone.simulator.analytics_exports.options import AnalyticsExportsOptions
    from tap_cxone.simulator.analytics_exports.validation import ExportSpec
    from tap_cxone.simulator.faults import Fault
    from tap_cxone.simulator.rows import Row

_MEDIA_TYPES: Final = {"json": "application/json", "csv": csvfile.MEDIA_TYPE}


def file_response(
    spec: ExportSpec,
    columns: Sequence[str],
    rows: Iterable[Row],
    options: AnalyticsExportsOptions,
    fault: Fault | None,
) -> Response:
    """Return the response to a download of these rows; `fault` may corrupt the file."""
    media_type = _MEDIA_TYPES[spec.format]
    compression = options.analytics_gzip if spec.gzip else "none"
    if fault and fault.kind == "bytes":
        return bytes_response(fault.payload, media_type, compression, options)
    # An encoded row takes a fifth of the memory of a decoded one.
    encoded_rows = [encode(row) for row in rows]
    if not encoded_rows and options.empty != "header":
        return empty_file_response(media_type, options)
    elements = insert_invalid_elements(encoded_rows, spec.format, options)
    if spec.format == "csv":
        lines = _lines(elements, columns if spec.headers else None)
        body = csvfile.csv_text(lines, columns, options, fault).encode()
    else:
        body = _json(elements, options, fault)
    return bytes_response(pack(body, compression, fault, FAST), media_type, compression, options)


def _json(
    elements: Iterable[bytes], options: AnalyticsExportsOptions, fault: Fault | None
) -> bytes:
    """Return elements as JSON text; `fault` may corrupt the text."""
    if options.analytics_json == "lines":
        body = b"".join(element + b"\n" for element in elements)
    else:
        body = b"[" + b",".join(elements) + b"]"
    if options.analytics_json == "pretty":
        body = pretty(body)
    if fault and fault.kind == "malformed-json":
        body = body.rstrip()[:-1]
    return (csvfile.BOM.encode() if options.bom else b"") + body


def _lines(elements: Iterable[bytes], header: Sequence[str] | None) -> Iterator[Sequence[str]]:
    """Yield the lines of a CSV file."""
    if header is not None:
        yield header
    for element in elements:
        yield [cell(value) for value in decode(element).values()]
