"""Files with rows that are not usual, and the settings of the streams that read them."""

from __future__ import annotations

import json
from typing import Any

from tests.conftest import settings_for
from tests.support.examples import json_jobs

WIDE = "wide"


def entity_settings(keys=("Segment ID",), **changes: Any) -> Any:
    """Return what gives settings for a table of typed columns, in two windows."""
    columns = {"When": "date-time", "Score": "number", "Count": "integer", "Paid": "boolean"}
    own = {"name": WIDE, "entity_name": "wfm-payroll", "version": "1", "columns": columns}
    own["primary_keys"] = list(keys)
    family = {"mode": "async", "entities": [own], "window_days": 1}
    return lambda sim: settings_for(
        sim,
        start_date="2026-03-15T00:00:00Z",
        end_date="2026-03-17T00:00:00Z",
        own=family,
        max_invalid_ratio=1,
        **changes,
    )


def csv_table(number: int, *odd: str, more: str = "") -> str:
    """Return a file of so many rows, and odd ones between them."""
    lines = [f"Segment ID,When,Score,Count,Paid,Note{more}"]
    for n in range(number):
        cells = (
            f"s{n},2026-03-01T10:20:{n % 60:02}.000Z,{n / 7:.3f},{n},{('no', 'Yes')[n % 2]},ü😀 {n}"
        )
        lines.append(cells + (",x" if more else ""))
        lines += [row for place, row in enumerate(odd) if place == n // 300 and n % 300 == 7]
    return "\n".join([*lines, ""])


ODD = {
    "nothing odd": (),
    "blank cells": ("b1, ,,,,", "b2,2026-03-01,5.,,t,\u00a0"),
    "blank keys": (",,,,,one", " ,,,,,two", ",,,,,one"),
    "exact": (
        "e1,03/01/2026 5:04 PM,12345678901234567890.123456789,9223372036854775808,1,007",
        "e2,2026-03-01T10:20:30+02:00,1e-7,-9223372036854775809,f,1.50",
    ),
    "misfits": ("m1,never,1,1,no,x", "m2,,x,,,", "m3,,,1.5,,", "m4,,,,maybe,"),
    "ragged": ("r1,", "r2,,,,,,,", '"r\n3"'),
    "repeats": ("s3,,,,,again", "s3,,,,,and again", "s400,,,,,again"),
    "quoted": ('"q""1",,,,,"two\nlines, one ""cell"""',),
}


def conversations(sim: Any) -> dict[str, Any]:
    """Return settings for JSON of any kind."""
    return json_jobs.export_settings(sim, max_invalid_ratio=1)


def element(number: int, **changes: Any) -> str:
    """Return a conversation as it is written."""
    when = {"dateFrom": "2026-03-15T01:00:00.000Z", "dateTo": "2026-03-15T01:01:00Z"}
    whole = {"id": f"c{number}", "type": "ü😀", **when, "botId": "b", "agentId": None}
    return json.dumps({**whole, "duration": number / 8, **changes}, ensure_ascii=number % 2 == 0)


AMONG = {
    "nothing odd": {},
    "nested": {3: element(900, more={"a": [1.50, {"ü": None}]}), 400: element(901, more=[])},
    "numbers": {
        3: element(900, duration=2**70).replace('"b"', "12345678901234567890.10"),
        4: element(901).replace('"b"', "1e400").replace('"ü😀"', "1.10"),
    },
    "a late column": {1100: element(900, late="x", later=1), 1150: element(901, late=None)},
    "an early column": {3: element(900, early="x")},
    "a column of a misfit": {3: element(900, odd="x", duration="none"), 9: element(901, more=1)},
    "misfits": {3: "7", 4: element(900, duration="x"), 800: '{"id":"z"}', 801: "[]"},
    "lone surrogate": {3: element(900, botId="HALF").replace("HALF", "\\ud800")},
    "control characters": {3: element(900, botId="CONTROL").replace("CONTROL", "a\x01\tb")},
    "keys twice": {3: element(900).replace('{"id"', '{"duration": 3, "id"')},
    "another order": {n: element(900 + n, id=f"d{n}")[:-1] + ', "aa": 1}' for n in (5, 7)},
    "repeats": {500: element(3), 501: element(3), 1190: element(1000)},
    "blank key": {3: element(900, id=""), 4: element(901, id=None)},
}
