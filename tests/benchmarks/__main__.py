"""Speed, as ratios to a baseline in the same run; `make bench`."""

from __future__ import annotations

import logging

from tests.benchmarks import memory, results, rows, year

if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    print(", ".join(f"{name} {value}" for name, value in results.machine().items()))
    rows.measure()
    memory.measure()
    year.measure()
