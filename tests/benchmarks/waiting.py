"""How long a year of every family takes, beside the least time that the API's own limits allow."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tap_cxone.simulator import Options, Simulator, environment, tap_settings
from tap_cxone.simulator.settings import ALL_FAMILIES
from tests.benchmarks import results
from tests.benchmarks.effort import amount
from tests.benchmarks.results import spread
from tests.support.examples import quota_jobs

BIN = Path(sys.executable).parent
SPEED = 80
DAYS = amount("DAYS", short=90, full=365)
PARALLEL_RUNS = amount("PARALLEL_RUNS", short=1, full=3)
END = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
BEGIN = END - timedelta(days=DAYS)
OPTIONS = Options(speed=SPEED, rows_per_day=20, exports_per_day=None, history_months=None)

JOB_SECONDS, SPACING_SECONDS = 20, 30
BOUND = max(
    3 * -(-DAYS // 14) * SPACING_SECONDS,  # entities, an export of 14 days after the other
    4 * -(-DAYS // 31) * JOB_SECONDS,  # tables of the dashboard
    -(-DAYS // 30) / 3 * JOB_SECONDS,  # exports, three at a time
    DAYS * JOB_SECONDS,  # reports, a day after the other
)
"""Seconds that the busiest family needs if nothing but its jobs and its limits takes time."""


@dataclass(frozen=True)
class Year:
    """One run: how long it took, and its requests."""

    seconds: float
    calls: Counter[str]
    records: int


def year_settings(url: str, *, parallel: bool) -> dict[str, Any]:
    """Return the tap's settings for a year of all families."""
    found = tap_settings(url, SPEED, families=ALL_FAMILIES)
    found |= {
        "start_date": BEGIN.isoformat(),
        "end_date": END.isoformat(),
        "parallel_families": parallel,
    }
    return found | {quota_jobs.FAMILY: {"exports_per_day": None}}


def run_year(*, parallel: bool) -> Year:
    """Run the tap over a year, against a simulator that is `SPEED` times as fast."""
    with Simulator(OPTIONS) as simulator:
        variables = environment(year_settings(simulator.url, parallel=parallel))
        begin = time.perf_counter()
        done = subprocess.run(
            [str(BIN / "tap-cxone"), "--config", "ENV"],
            env=os.environ | variables,
            capture_output=True,
            text=True,
            check=True,
        )
        took = (time.perf_counter() - begin) * SPEED
        return Year(took, request_counts(simulator), done.stdout.count('{"type":"RECORD"'))


def request_counts(simulator: Simulator) -> Counter[str]:
    """Count what was asked, by what it was requested."""
    return Counter(kind(seen.method, seen.path) for seen in simulator.requests)


def kind(method: str, path: str) -> str:
    """Say what a request is for."""
    if "token" in path:
        return "login"
    if path.startswith("/files/") or path.endswith("/download"):
        return "download"
    if method == "POST" and not path.endswith("data-download"):
        return "submit"
    return "page" if path.endswith("data-download") else "look"


def measure_waiting(runs: int = PARALLEL_RUNS) -> dict[str, Any]:
    """Print and return how long runs took by the least, with parallel families and without."""
    parallel_years = [run_year(parallel=True) for _ in range(runs)]
    found = {True: parallel_years, False: [run_year(parallel=False)]}
    if len({year.records for years in found.values() for year in years}) != 1:
        msg = "with and without parallel families, not as many records were emitted"
        raise RuntimeError(msg)
    ratios = {
        parallel: spread([y.seconds / BOUND for y in years]) for parallel, years in found.items()
    }
    one = found[True][0].calls
    print(f"{DAYS} days of all families, clock {SPEED} times as fast; at least {BOUND} s by limits")
    for parallel, ratio in ratios.items():
        extremes = f"{ratio['least']} to {ratio['most']}"
        print(f"  parallel_families {parallel}: {ratio['median']} of that ({extremes})")
    print(f"  asked: {', '.join(f'{number} {name}' for name, number in one.most_common())}")
    return {
        "days": DAYS,
        "least seconds by the limits": BOUND,
        "clock, times as fast": SPEED,
        "of the least, with parallel families": ratios[True],
        "of the least, without parallel families": ratios[False],
        "calls": dict(one),
    }


if __name__ == "__main__":
    results.merge("waiting", measure_waiting(2))
