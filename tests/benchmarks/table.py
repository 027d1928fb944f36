"""The rows that are measured: texts, numbers and date-times, as wide as an export."""

from __future__ import annotations

import csv
import gzip
import io
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COLUMNS = 20
REQUIRED = ("id", "type", "dateFrom", "dateTo", "botId", "agentId", "duration")
METRICS = (
    "cm_9f8e7d6c5b4a3210",
    "cm_1a2b3c4d5e6f7890",
    "cm_00aa11bb22cc33dd",
    "cm_77ee88ff99aa00bb",
    "cm_0123456789abcdef",
    "cm_fedcba9876543210",
)
_CSV_TEXTS, _JSON_TEXTS, _PAGE_TEXTS = COLUMNS - 5, COLUMNS - len(REQUIRED), COLUMNS - 10

# The columns of each, by the source's name; those without a declared type are texts.
CSV = {
    "segmentId": "string",
    "startDate": "date-time",
    "score": "number",
    "paid": "boolean",
    "holds": "integer",
} | dict.fromkeys((f"column{number}" for number in range(_CSV_TEXTS)), "string")
WIDE_COLUMNS = 30
WIDE_CSV = CSV | {f"column{number}": "string" for number in range(_CSV_TEXTS, WIDE_COLUMNS - 5)}
CONVERSATION = {
    **dict.fromkeys(REQUIRED, "string"),
    "dateFrom": "date-time",
    "dateTo": "date-time",
    "duration": "number",
} | dict.fromkeys((f"column{number}" for number in range(_JSON_TEXTS)), "string")
INTERACTION = (
    {"interactionId": "string", "agentId": "string", "duration": "number", "talkTime": "number"}
    | dict.fromkeys((f"column{number}" for number in range(_PAGE_TEXTS)), "string")
    | dict(
        zip(
            METRICS,
            ("number", "string", "string", "boolean", "number", "integer"),
            strict=True,
        )
    )
)


def _texts(row: int, columns: int) -> list[str]:
    """Return so many texts; the last is blank in every second row."""
    found = [f"text {row} / {number}" for number in range(columns - 1)]
    return [*found, "" if row % 2 else "now and then"]


def csv_file(rows: int, columns: int = COLUMNS) -> bytes:
    """Return a packed file of CSV; nothing declares the columns beyond those of `CSV`."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    more = columns - COLUMNS
    writer.writerow([*CSV, *(f"column{_CSV_TEXTS + number}" for number in range(more))])
    for row in range(rows):
        known = [f"segment-{row:09}", "2026-03-01T10:20:30Z", f"{row / 100}", "false", row % 9]
        writer.writerow([*known, *_texts(row, _CSV_TEXTS + more)])
    return gzip.compress(text.getvalue().encode(), compresslevel=1, mtime=0)


def conversation_of_row(row: int) -> dict[str, Any]:
    """Return an object of an analytics export."""
    when = {"dateFrom": "2026-03-01T10:20:30.000Z", "dateTo": "2026-03-01T10:21:30.000Z"}
    known = {"id": f"c{row:09}", "type": "bot", **when, "botId": "b-17", "agentId": None}
    more = {f"column{n}": text for n, text in enumerate(_texts(row, _JSON_TEXTS))}
    return {**known, "duration": row / 100, **more}


def interaction_of_row(row: int) -> dict[str, Any]:
    """Return a row of a data download, with an object of metrics in it."""
    known = {"interactionId": f"i{row:09}", "agentId": "007", "duration": row, "talkTime": 5}
    values = (0.75, "COMPLIANCE_PASS", f"{row:06}", bool(row % 2), row / 8, row % 100)
    more = {f"column{n}": text for n, text in enumerate(_texts(row, _PAGE_TEXTS))}
    return {**known, **more, "customMetrics": dict(zip(METRICS, values, strict=True))}


def narrow_csv_file(rows: int) -> bytes:
    """Return a file of few columns."""
    lines = (f"s{row:09},2026-03-01T10:20:30Z,{row / 100},no,text {row}" for row in range(rows))
    return "\n".join(["segmentId,startDate,score,paid,note", *lines, ""]).encode()


def narrow_conversation(row: int) -> dict[str, Any]:
    """Return an object without more than it must have."""
    return {name: value for name, value in conversation_of_row(row).items() if name in REQUIRED}


def narrow_interaction(row: int) -> dict[str, Any]:
    """Return a row without more than it must have."""
    known = {"interactionId": f"i{row:09}", "agentId": "007", "duration": row, "talkTime": 5}
    return {**known, "customMetrics": {"cm_1": row / 8}}


def chunks(
    rows: int, make: Callable[[int], dict[str, Any]] = conversation_of_row
) -> Iterator[bytes]:
    """Yield a packed array of such objects, in parts."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1, mtime=0) as file:
        for start in range(0, rows, 1000):
            some = ",".join(json.dumps(make(row)) for row in range(start, start + 1000))
            file.write((b"[" if start == 0 else b",") + some.encode())
            yield out.getvalue()
            out.seek(0)
            out.truncate()
        file.write(b"]")
    yield out.getvalue()


def download_pages(
    rows: int, size: int, make: Callable[[int], dict[str, Any]] = interaction_of_row
) -> list[str]:
    """Return the pages of a data download."""
    found = []
    for start in range(0, rows, size):
        some = [make(row) for row in range(start, min(start + size, rows))]
        page = {"totalRecords": rows, "returnedRecords": len(some), "data": some}
        found.append(json.dumps(page))
    return found
