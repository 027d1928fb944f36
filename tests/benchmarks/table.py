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
NAMES = ["segmentId", "startDate", "score", "paid", *(f"column{n}" for n in range(COLUMNS - 4))]
REQUIRED = ("id", "type", "dateFrom", "dateTo", "botId", "agentId", "duration")


def csv_file(rows: int) -> bytes:
    """Return a file of CSV."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(NAMES)
    for row in range(rows):
        texts = (f"text {row} of column {number}" for number in range(COLUMNS - 4))
        writer.writerow(
            [f"segment-{row:09}", "2026-03-01T10:20:30Z", f"{row / 100}", "false", *texts]
        )
    return text.getvalue().encode()


def conversation(row: int) -> dict[str, Any]:
    """Return an object of an analytics export."""
    when = {"dateFrom": "2026-03-01T10:20:30.000Z", "dateTo": "2026-03-01T10:21:30.000Z"}
    known = {"id": f"c{row:09}", "type": "bot", **when, "botId": "b-17", "agentId": None}
    more = {f"column{n}": f"text {row} of column {n}" for n in range(COLUMNS - len(REQUIRED))}
    return {**known, "duration": row / 100, **more}


def interaction(row: int) -> dict[str, Any]:
    """Return a row of a data download, with an object of metrics in it."""
    known = {"interactionId": f"i{row:09}", "agentId": "007", "duration": row, "talkTime": 5}
    metrics = {f"cm_{n:016}": row / 8 for n in range(4)}
    more = {f"column{n}": f"text {row} of column {n}" for n in range(COLUMNS - 9)}
    return {**known, **more, "customMetrics": metrics}


def narrow_csv_file(rows: int) -> bytes:
    """Return a file of few columns."""
    lines = (f"s{row:09},2026-03-01T10:20:30Z,{row / 100},no,text {row}" for row in range(rows))
    return "\n".join(["segmentId,startDate,score,paid,note", *lines, ""]).encode()


def narrow_conversation(row: int) -> dict[str, Any]:
    """Return an object without more than it must have."""
    return {name: value for name, value in conversation(row).items() if name in REQUIRED}


def narrow_interaction(row: int) -> dict[str, Any]:
    """Return a row without more than it must have."""
    known = {"interactionId": f"i{row:09}", "agentId": "007", "duration": row, "talkTime": 5}
    return {**known, "customMetrics": {"cm_1": row / 8}}


def chunks(rows: int, make: Callable[[int], dict[str, Any]] = conversation) -> Iterator[bytes]:
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


def pages(rows: int, size: int, make: Callable[[int], dict[str, Any]] = interaction) -> list[str]:
    """Return the pages of a data download."""
    found = []
    for start in range(0, rows, size):
        some = [make(row) for row in range(start, min(start + size, rows))]
        page = {"totalRecords": rows, "returnedRecords": len(some), "data": some}
        found.append(json.dumps(page))
    return found
