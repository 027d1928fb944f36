"""Speed, as ratios to a baseline in the same run; `make bench`."""

from __future__ import annotations

import logging
import os
import platform

from tests.benchmarks import rows, starting, year

if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    print(f"{platform.machine()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    rows.measure()
    year.measure()
    starting.show(starting.measure())
