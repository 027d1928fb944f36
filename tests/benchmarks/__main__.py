"""Speed, as ratios to a baseline in the same run; `make bench`."""

from __future__ import annotations

import logging

from tests.benchmarks import batches, memory, results, rows, starting, waiting, year

if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    print(", ".join(f"{name} {value}" for name, value in results.machine().items()))
    rows.measure_rows()
    memory.measure_memory()
    batches.measure_batches()
    results.merge("year", year.measure_year())
    results.merge("waiting", waiting.measure_waiting())
    began = starting.measure_start()
    starting.show(began)
    results.merge("starting", began)
