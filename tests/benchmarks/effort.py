"""How much is measured: as much as takes about five minutes, or all of it with `BENCH_FULL=1`."""

from __future__ import annotations

import os

_FULL = os.environ.get("BENCH_FULL", "0") == "1"


def amount(name: str, *, short: int, full: int) -> int:
    """Return the number of the variable `BENCH_<name>`, or else that of the mode."""
    return int(os.environ.get(f"BENCH_{name}", full if _FULL else short))


RUNS = amount("RUNS", short=3, full=5)
"""Number of runs of each compared program."""
