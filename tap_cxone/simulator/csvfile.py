"""CSV files of jobs, in every variant that a tenant may serve."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

from tap_cxone.simulator.packing import bytes_response, empty_file_response, pack

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from starlette.responses import Response

    from tap_cxone.simulator.faults import Fault
    from tap_cxone.simulator.options import CommonOptions

    Table = tuple[Sequence[str], Iterable[Mapping[str, str]]]
    """The titles of a file, and its rows by title."""

MEDIA_TYPE: Final = "text/csv"
BOM: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"


def file_response(
    columns: Sequence[str],
    rows: Iterable[Mapping[str, str]],
    options: CommonOptions,
    fault: Fault | None,
) -> Response:
    """Return the response to a download of these rows; `fault` may corrupt the file."""
    if fault and fault.kind == "bytes":
        return bytes_response(fault.payload, MEDIA_TYPE, options.compression, options)
    lines = [[row[column] for column in columns] for row in rows]
    if not lines and options.empty != "header":
        return empty_file_response(MEDIA_TYPE, options)
    text = csv_text([columns, *lines], columns, options, fault)
    body = pack(text.encode(), options.compression, fault)
    return bytes_response(body, MEDIA_TYPE, options.compression, options)


def csv_text(
    lines: Iterable[Sequence[str]],
    columns: Sequence[str],
    options: CommonOptions,
    fault: Fault | None,
) -> str:
    """Return lines as CSV text; `fault` may corrupt the text."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator=options.newline)
    writer.writerows(lines)
    if fault and fault.kind == "ragged-csv":
        writer.writerows([["too short"], ["too long", *columns]])
    if fault and fault.kind == "malformed-csv":
        out.write('"this quote never ends,')
    return (BOM if options.bom else "") + out.getvalue()
