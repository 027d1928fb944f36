"""How fast rows leave, beside stock SDK streams over the same rows in the same run.

Ours is measured whole: download from the simulator, spool, check, decode, type, emit, commit. The
others have their file in memory.
"""

from __future__ import annotations

import contextlib
import os
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from singer_sdk.contrib.msgspec import MsgSpecWriter

from tests.benchmarks import ours, results, stock, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Make = Callable[[], Iterator[dict[str, Any]]]

ROWS = int(os.environ.get("BENCH_ROWS", "100000"))
RUNS = int(os.environ.get("BENCH_RUNS", "5"))
PAGE = 1000
OURS = "tap-cxone"


def contestants(plain: Make, quick: Make, own: Callable[[], None]) -> dict[str, Callable[[], None]]:
    """Return who is measured: over `plain` rows, over `quick` ones, and this tap."""
    return {
        "stock": lambda: stock.through(stock.StockTap, plain()),
        "stock, msgspec writer": lambda: stock.through(stock.StockTap, plain(), MsgSpecWriter()),
        "public hooks": lambda: stock.through(stock.HookedTap, quick(), stock.QuickWriter()),
        "bare loop": lambda: stock.bare(quick()),
        OURS: own,
    }


def formats() -> Iterator[tuple[str, int, dict[str, Callable[[], None]]]]:
    """Yield each format, how many bytes its rows are, and who is measured with it."""
    body = table.csv_file(ROWS)
    own = ours.run(ours.of_csv, ours.file(body))
    plain: Make = partial(stock.csv_rows, body)
    yield "CSV", len(body), contestants(plain, partial(stock.quick_csv_rows, body), own)
    body = b"".join(table.chunks(ROWS))
    own = ours.run(ours.of_json, ours.file(body))
    plain = partial(stock.json_rows, body)
    quick: Make = partial(stock.quick_json_rows, body)
    yield "JSON array, gzip", len(body), contestants(plain, quick, own)
    pages = table.pages(ROWS, PAGE)
    own = ours.run(ours.of_pages, *map(ours.page, pages))
    plain, quick = partial(stock.page_rows, pages), partial(stock.quick_page_rows, pages)
    yield f"pages of {PAGE}", sum(map(len, pages)), contestants(plain, quick, own)


def seconds(run: Callable[[], None]) -> float:
    """Return how long a run takes whose output nobody reads."""
    with open(os.devnull, "w") as nobody, contextlib.redirect_stdout(nobody):  # noqa: PTH123
        begin = time.perf_counter()
        run()
        return time.perf_counter() - begin


def measure() -> None:
    """Measure all in turn, and print and keep the medians and ratios."""
    found: dict[str, Any] = {"rows": ROWS, "columns": table.COLUMNS, "runs": RUNS}
    for name, size, runs in formats():
        print(f"{ROWS:,} rows of {table.COLUMNS} columns, {name}, {size / 1e6:.0f} MB")
        taken: dict[str, list[float]] = {who: [] for who in runs}
        for _ in range(RUNS):
            for who, run in runs.items():
                taken[who].append(seconds(run))
        found[name] = {who: _told(who, taken) for who in runs}
    results.merge("rows", found)


def _told(who: str, taken: dict[str, list[float]]) -> dict[str, Any]:
    """Print and return how long somebody took, and how that compares with this tap."""
    times = results.spread(taken[who])
    ratios = results.spread([one / own for one, own in zip(taken[who], taken[OURS], strict=True)])
    print(
        f"  {who:22} {ROWS / times['median']:9,.0f} rows/s; tap-cxone is {ratios['median']:5.2f} "
        f"times as fast ({ratios['least']:.2f} to {ratios['most']:.2f})"
    )
    return {"seconds": times, "tap-cxone is so many times as fast": ratios}
