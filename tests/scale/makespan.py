"""Duration of two months of six tenants by workers; `python -m tests.scale.makespan`."""

from __future__ import annotations

import logging
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tap_cxone.simulator import Options
from tests.scale.airflow import wait_for
from tests.scale.demo import MOST_SECONDS, NAMES, count, failed, least_seconds, makespan
from tests.scale.stack import Stack, last_months, stack
from tests.support.examples import csv_jobs

FAMILY = csv_jobs.FAMILY
OPTIONS: dict[str, Any] = {"speed": 4.0, "link_seconds": 120, "rows_per_day": 48}
MONTHS = 2
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
            running.airflow.start_worker(str(number), SLOTS)
        first, last, _ = last_months(datetime.now(UTC).date())
        dags = [f"cxone_history_{name}" for name in NAMES]
        running.airflow.read_history(dags, first, last - timedelta(days=1))
        wait_for(lambda: is_done(running), "all months are complete", MOST_SECONDS)
        _, exports = count(running, NAMES[0])
        month = least_seconds(exports[FAMILY] / MONTHS, Options(**OPTIONS))
        # A tenant reads one month at a time.
        rounds = max(MONTHS, MONTHS * len(NAMES) / (workers * SLOTS))
        return makespan(running), rounds * timedelta(seconds=month)


def is_done(running: Stack) -> bool:
    """Return True if each tenant has its months."""
    return len(running.airflow.tasks()) == MONTHS * len(NAMES) and not failed(running)


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    for workers in WORKERS:
        took, least = measure(workers)
        print(f"{workers} workers: {took.total_seconds():.0f} s, {took / least:.2f} x the least")
