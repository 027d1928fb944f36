"""How fast rows are emitted, beside stock SDK streams and a bare loop over the same bytes.

All candidates fetch them over HTTP from one simulator in a separate process, and does the same job
with them; what this tap does beyond that (checks, spools, state) is on its own account.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import json
import os
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from singer_sdk.contrib.msgspec import MsgSpecWriter

from tests.benchmarks import ours, results, stock, table
from tests.benchmarks.effort import RUNS, amount
from tests.benchmarks.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tap_cxone.simulator import Fault
    from tests.benchmarks.stock import Form

    Run = Callable[[str], None]

ROWS = amount("ROWS", short=100_000, full=100_000)
FEW_ROWS = 2000  # of the runs whose output is compared before the measurement
SLOW_ROWS = amount("SLOW_ROWS", short=20_000, full=ROWS)
"""Rows of the slow programs; their time for `ROWS` rows is extrapolated from this and few rows."""
SLOW = ("stock", "stock, msgspec writer", "public hooks")
PAGE = stock.PAGE
OURS = "tap-cxone"
MEASURES = ("seconds", "processor seconds")
WINDOW_COLUMNS = ("_window_start", "_window_end")


def _window_columns(start: str, end: str) -> dict[str, str]:
    return dict(zip(WINDOW_COLUMNS, (start, end), strict=True))


CSV = stock.Form(
    "CSV",
    table.CSV,
    "segmentId",
    _window_columns("2026-03-18T00:00:00+00:00", "2026-03-19T00:00:00+00:00"),
    stock.rows_of_csv,
    stock.quick_csv_rows,
)
WIDE_CSV = dataclasses.replace(
    CSV, title=f"CSV of {table.WIDE_COLUMNS} columns", columns=table.WIDE_CSV
)
JSON = stock.Form(
    "JSON array",
    table.CONVERSATION,
    "id",
    _window_columns("2026-03-15T00:00:00+00:00", "2026-03-16T00:00:00+00:00"),
    stock.rows_of_json,
    stock.quick_json_rows,
)
PAGES = stock.Form(
    f"pages of {PAGE}",
    table.INTERACTION,
    "interactionId",
    _window_columns("2026-03-15T04:00:00+00:00", "2026-03-16T04:00:00+00:00"),
    stock.rows_of_pages,
    stock.quick_page_rows,
)


@dataclass(frozen=True)
class Source:
    """One form of rows as the simulator serves it, and the candidates that read it.

    Attributes:
        form: The form of the rows.
        size: Size of the rows in bytes, unpacked.
        answers: The responses of the simulator.
        own: Runs this tap.
    """

    form: Form
    size: int
    answers: Sequence[Fault]
    own: Run

    def runs(self) -> dict[str, Run]:
        """Return all candidates, by name."""
        through = partial(stock.through, form=self.form)
        return {
            "stock": partial(through, stock.StockTap),
            "stock, msgspec writer": partial(through, stock.StockTap, writer=MsgSpecWriter()),
            "public hooks": partial(through, stock.HookedTap, writer=stock.QuickWriter()),
            "bare loop": partial(stock.write_plain, form=self.form),
            OURS: self.own,
        }


def sources(rows: int) -> Iterator[Source]:
    """Yield each form with a number of rows."""
    for form in (CSV, WIDE_CSV):
        body = table.csv_file(rows, len(form.columns))
        yield Source(form, _unpacked(body), [ours.file_fault(body)], ours.runner(ours.of_csv))
    body = b"".join(table.chunks(rows))
    yield Source(JSON, _unpacked(body), [ours.file_fault(body)], ours.runner(ours.of_json))
    pages = table.download_pages(rows, PAGE)
    size = sum(map(len, pages))
    yield Source(PAGES, size, list(map(ours.page_fault, pages)), ours.runner(ours.of_pages))


def _unpacked(body: bytes) -> int:
    return len(gzip.decompress(body))


def seconds(run: Run, url: str, out: str = os.devnull) -> tuple[float, float]:
    """Return how long a run takes, and how much of the processor; by default into the void."""
    with open(out, "w") as file, contextlib.redirect_stdout(file):  # noqa: PTH123
        begin, worked = time.perf_counter(), time.process_time()
        run(url)
        return time.perf_counter() - begin, time.process_time() - worked


def first_of(run: Run, url: str) -> dict[str, Any]:
    """Return the first record that a run writes, which must write all of them.

    Raises:
        RuntimeError: It does not.
    """
    with tempfile.NamedTemporaryFile("rb") as out:
        seconds(run, url, out.name)
        first, count = b"", 0
        for line in out:
            if line.startswith((b'{"type":"RECORD"', b'{"type": "RECORD"')):
                first, count = first or line, count + 1
    if count != FEW_ROWS:
        msg = f"{count} of {FEW_ROWS} records left"
        raise RuntimeError(msg)
    found: dict[str, Any] = json.loads(first)["record"]
    return found


def measure_rows() -> None:
    """Measure all in turn, and print and keep the medians and ratios."""
    found: dict[str, Any] = {"rows": ROWS, "columns": table.COLUMNS, "runs": RUNS}
    for few, slow, source in zip(sources(FEW_ROWS), sources(SLOW_ROWS), sources(ROWS), strict=True):
        _check_records(few)
        title = source.form.title
        columns = len(source.form.columns)
        print(f"{ROWS:,} rows of {columns} columns, {title}, {source.size / 1e6:.0f} MB")
        taken = _taken(few, slow, source)
        found[title] = {"MB": round(source.size / 1e6)} | {
            who: _print_times(who, taken) for who in taken
        }
    results.merge("rows", found)


def _check_records(source: Source) -> None:
    """Raise RuntimeError unless all candidates write the same first record, and all of them."""
    firsts = {}
    with serving(source.answers) as serve:
        for who, run in source.runs().items():
            with serve() as url:
                firsts[who] = first_of(run, url)
    if any(first != firsts[OURS] for first in firsts.values()):
        msg = f"the first records differ: {firsts}"
        raise RuntimeError(msg)


def _taken(few: Source, slow: Source, all_rows: Source) -> dict[str, list[tuple[float, float]]]:
    """Return how long each candidate takes for all rows, in each round."""
    runs = all_rows.runs()
    taken: dict[str, list[tuple[float, float]]] = {who: [] for who in runs}
    with ExitStack() as stack:
        serve = [stack.enter_context(serving(source.answers)) for source in (few, slow, all_rows)]
        for _ in range(RUNS):
            for who, run in runs.items():
                sizes = serve[:2] if who in SLOW else serve[2:]
                took = []
                for serve_rows in sizes:
                    with serve_rows() as url:
                        took.append(seconds(run, url))
                taken[who].append(_extrapolated(*took) if who in SLOW else took[0])
    return taken


def _extrapolated(few: tuple[float, float], slow: tuple[float, float]) -> tuple[float, float]:
    """Return the times for all rows, of those for few rows and for more: each row takes as long."""
    factor = (ROWS - FEW_ROWS) / (SLOW_ROWS - FEW_ROWS)
    wall, worked = (one + (other - one) * factor for one, other in zip(few, slow, strict=True))
    return wall, worked


def _print_times(who: str, taken: dict[str, list[tuple[float, float]]]) -> dict[str, Any]:
    """Print and return how long a candidate took, and how that compares with this tap."""
    found: dict[str, Any] = {}
    for place, what in enumerate(MEASURES):
        theirs, own = ([one[place] for one in taken[name]] for name in (who, OURS))
        ratios = [one / other for one, other in zip(theirs, own, strict=True)]
        found[what] = results.spread(theirs)
        found[f"{what}, times as many as tap-cxone"] = results.spread(ratios)
    wall, worked = (found[f"{what}, times as many as tap-cxone"] for what in MEASURES)
    print(
        f"  {who:22} {ROWS / found['seconds']['median']:9,.0f} rows/s; tap-cxone is "
        f"{wall['median']:5.2f} times as fast ({wall['least']:.2f} to {wall['most']:.2f}), "
        f"in time of the processor {worked['median']:.2f} times"
    )
    return found
