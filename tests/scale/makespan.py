"""Duration of a month of six tenants with 1, 2 and 4 workers; `python -m tests.scale.makespan`."""

from __future__ import annotations

import logging
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from tap_cxone.simulator import Options
from tests.scale.airflow import wait_for
from tests.scale.demo import MOST_SECONDS, NAMES, count, failed, least_seconds, makespan
from tests.scale.stack import Stack, stack

FAMILY = "data_extraction"
OPTIONS: dict[str, Any] = {"speed": 4.0, "link_seconds": 120, "rows_per_day": 48}
SLOTS = 2
WORKERS = (1, 2, 4)


def measure(workers: int) -> tuple[timedelta, timedelta]:
    """Return the duration with a number of workers, and the least that API and slots allow."""
    options = {name: Options(seed=seed, **OPTIONS) for seed, name in enumerate(NAMES)}
    with (
        tempfile.TemporaryDirectory() as folder,
        stack(Path(folder), [FAMILY], {}, options) as running,
    ):
        for number in range(workers):
            running.airflow.start_worker(f"worker-{number}", SLOTS)
        for name in NAMES:  # the last month follows without a backfill
            running.airflow.unpause(f"cxone_history_{name}")
        wait_for(lambda: is_done(running), "all months are complete", MOST_SECONDS)
        rounds = -(-len(NAMES) // (workers * SLOTS))
        _, exports = count(running, NAMES[0])
        least = least_seconds(exports[FAMILY], Options(**OPTIONS))
        return makespan(running), rounds * timedelta(seconds=least)


def is_done(running: Stack) -> bool:
    """Return True if each tenant has its month."""
    return len(running.airflow.tasks()) == len(NAMES) and not failed(running)


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    for workers in WORKERS:
        took, least = measure(workers)
        print(f"{workers} workers: {took.total_seconds():.0f} s, {took / least:.2f} x the least")
