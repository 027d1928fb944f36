"""How long a year of analytics exports takes, beside a script that does one after another."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tap_cxone.simulator import Options, Simulator, environment, tap_settings
from tests.benchmarks.effort import amount
from tests.benchmarks.results import spread
from tests.support.examples import json_jobs

BIN = Path(sys.executable).parent
SPEED, ROWS_A_DAY = 4, 120
DAYS = amount("YEAR_DAYS", short=180, full=365)
RUNS = amount("YEAR_RUNS", short=1, full=3)
END = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
BEGIN = END - timedelta(days=DAYS)
BASELINE = [sys.executable, "-m", "tests.benchmarks.one_after_another"]


def time_command(command: list[str], variables: dict[str, str]) -> tuple[float, int]:
    """Return how many seconds a command takes, and how many records it writes."""
    begin = time.perf_counter()
    done = subprocess.run(
        command, env=os.environ | variables, capture_output=True, text=True, check=True
    )
    took = time.perf_counter() - begin
    kinds = Counter(
        line.startswith(('{"type":"RECORD"', '{"id"')) for line in done.stdout.split("\n")
    )
    return took, kinds[True]


def measure_year() -> dict[str, Any]:
    """Run both in turn against a simulator each; print and return the median of the ratios."""
    pairs = [_pair() for _ in range(RUNS)]
    ratios = [theirs / own for theirs, own in pairs]
    own = statistics.median(own for _, own in pairs)
    print(f"{DAYS} days of bot conversations, jobs of 20 s, clock {SPEED} times as fast")
    print(f"  tap-cxone, from its start to its end: {own:.1f} s (median of {RUNS})")
    print(
        f"  times one job after another: {statistics.median(ratios):.2f} "
        f"({min(ratios):.2f} to {max(ratios):.2f})"
    )
    return {
        "days": DAYS,
        "clock, times as fast": SPEED,
        "seconds": round(own, 1),
        "one job after another, times as many": spread(ratios),
    }


def _pair() -> tuple[float, float]:
    with Simulator(Options(speed=SPEED, rows_per_day=ROWS_A_DAY)) as simulator:
        settings = tap_settings(simulator.url, SPEED, families=[json_jobs.FAMILY])
        for setting in ("access_key_id", "access_key_secret"):  # no other family takes part
            del settings[setting]
        settings |= {"start_date": BEGIN.isoformat(), "end_date": END.isoformat()}
        variables = environment(settings)
        theirs, records = time_command([*BASELINE, BEGIN.isoformat(), END.isoformat()], variables)
        own, ours = time_command([str(BIN / "tap-cxone"), "--config", "ENV"], variables)
    if not records == ours > 0:
        msg = f"{records} records by one, {ours} by the other"
        raise RuntimeError(msg)
    return theirs, own
