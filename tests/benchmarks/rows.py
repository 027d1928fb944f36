"""How fast rows leave, beside a stock SDK stream over the same file in the same run.

Ours is measured whole: download from the simulator, spool, check, decode, type, emit, commit.
"""

from __future__ import annotations

import contextlib
import csv
import io
import os
import statistics
import time
from typing import TYPE_CHECKING, Any

from singer_sdk import Stream, Tap
from singer_sdk import typing as th

from tap_cxone.simulator import Simulator
from tap_cxone.simulator.faults import Fault
from tap_cxone.simulator.options import Options
from tap_cxone.simulator.settings import tap_settings
from tap_cxone.tap import TapCXone
from tests.running import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROWS, COLUMNS, RUNS = 50_000, 20, 5


def csv_file() -> bytes:
    """Return a file of texts, numbers and date-times, as wide as an export."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    names = [f"Column {number}" for number in range(COLUMNS - 4)]
    writer.writerow(["Segment ID", "Start Date", "Score", "Paid", *names])
    for row in range(ROWS):
        cells = [f"segment-{row:09}", "2026-03-01T10:20:30Z", f"{row / 100}", "false"]
        writer.writerow([*cells, *(f"text {row} of column {n}" for n in range(COLUMNS - 4))])
    return text.getvalue().encode()


class StockStream(Stream):
    """What one would write first: the SDK's own path, every value a string."""

    name = "stock"
    body = b""

    def get_records(self, context: Any) -> Iterator[dict[str, Any]]:  # noqa: ARG002
        """Yield the rows of the file, which is in memory already."""
        yield from csv.DictReader(io.StringIO(self.body.decode(), newline=""))


class StockTap(Tap):
    """A tap of that one stream."""

    name = "tap-stock"
    config_jsonschema = th.PropertiesList().to_dict()

    def discover_streams(self) -> list[Stream]:
        """Return the stream, with the file's titles as its schema."""
        titles = StockStream.body.split(b"\r\n", 1)[0].decode().split(",")
        schema = th.PropertiesList(*(th.Property(title, th.StringType) for title in titles))
        return [StockStream(self, schema=schema.to_dict())]


def stock(body: bytes) -> None:
    """Run the stock tap."""
    StockStream.body = body
    StockTap(config={}).sync_all()


def ours(body: bytes) -> None:
    """Run this tap for one window whose file is `body`."""
    clock = FakeClock()
    with Simulator(Options(rows_per_day=1), clock=clock) as sim:
        sim.faults.add(Fault("download", "bytes", body=body))
        settings = tap_settings(sim.url) | {"start_date": "2026-03-20"}
        settings["data_extraction"] |= {
            "entities": [{"name": "wide", "entity_name": "wfm-payroll", "version": "1"}]
        }
        settings["data_extraction"]["entities"][0] |= {
            "primary_keys": ["Segment ID"],
            "columns": {"Start Date": "date-time", "Score": "number", "Paid": "boolean"},
        }
        tap = TapCXone(config=settings, clock=clock)
        for name, stream in tap.streams.items():
            stream.selected = name == "wide"
        tap.sync_all()


def seconds(run: Callable[[bytes], None], body: bytes) -> float:
    """Return how long a run takes whose output nobody reads."""
    with open(os.devnull, "w") as nobody, contextlib.redirect_stdout(nobody):  # noqa: PTH123
        begin = time.perf_counter()
        run(body)
        return time.perf_counter() - begin


def measure() -> None:
    """Measure both in turn, and print the median of the ratios."""
    body = csv_file()
    pairs = [(seconds(stock, body), seconds(ours, body)) for _ in range(RUNS)]
    ratios = [theirs / own for theirs, own in pairs]
    own = statistics.median(own for _, own in pairs)
    print(f"{ROWS:,} rows of {COLUMNS} columns, {len(body) / 1e6:.0f} MB, {RUNS} runs in turn")
    print(f"  tap-cxone, end to end: {ROWS / own:,.0f} rows/s (median)")
    print(
        f"  times a stock SDK stream: {statistics.median(ratios):.2f} "
        f"({min(ratios):.2f} to {max(ratios):.2f})"
    )
