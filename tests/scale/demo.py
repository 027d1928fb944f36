"""The example of orchestrate/airflow with six simulated tenants; `make scale-demo`."""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from tap_cxone.progress.formatting import format_duration
from tap_cxone.simulator import Options
from tests.scale.airflow import wait_for
from tests.scale.stack import Stack, stack
from tests.support.examples import csv_jobs, json_jobs, quota_jobs

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot")
FAMILIES = (csv_jobs.FAMILY, quota_jobs.FAMILY, json_jobs.FAMILY)
SPEED = 10.0
LINK_SECONDS = 30 * SPEED  # as long as a real one, since a busy machine is no faster
OPTIONS: dict[str, Any] = {
    "speed": SPEED,
    "rows_per_day": 48,
    "exports_per_day": None,
    "link_seconds": LINK_SECONDS,
}
WORKERS = ("one", "two")
SLOTS = 4
MOST_SECONDS = 1800
ENDED = ("success", "failed", "upstream_failed")


def run_demo() -> None:
    """Read a night and a month of each tenant, and print what it took."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    console = Console(width=100, highlight=False)
    tenants = {name: Options(seed=seed, **OPTIONS) for seed, name in enumerate(NAMES)}
    settings = {quota_jobs.FAMILY: {"exports_per_day": None}}
    with tempfile.TemporaryDirectory() as folder, ending_in_order():
        console.print("Starting PostgreSQL, S3, six tenants and Airflow …")
        with stack(Path(folder), FAMILIES, settings, tenants, environment="parquet") as running:
            console.print(f"Airflow with {len(WORKERS)} edge workers: {running.airflow.url}")
            read_all(running, console)
            show_tenants(running, console)
    console.print("All processes have ended.")


@contextlib.contextmanager
def ending_in_order() -> Iterator[None]:
    """End the block at the first SIGINT or SIGTERM; later ones do not disturb its end."""

    def interrupt(*_: Any) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        sys.exit("Interrupted; all processes have ended.")


def read_all(running: Stack, console: Console) -> None:
    """Run the tasks of all tenants to their end."""
    airflow = running.airflow
    for worker in WORKERS:
        airflow.start_worker(worker, SLOTS)
    last_month = datetime.now(UTC).replace(day=1) - timedelta(days=1)
    airflow.unpause(*(f"cxone_{part}{name}" for name in NAMES for part in ("", "history_")))
    console.print(f"Each tenant: the last night, and {last_month:%B %Y} by family")
    expected, shown = len(NAMES) * (1 + len(FAMILIES)), 0

    def is_done() -> bool:
        nonlocal shown
        ended = sum(task["state"] in ENDED for task in airflow.tasks())
        if ended > shown:
            console.print(f"{ended} of {expected} tasks have ended")
        shown = ended
        return ended >= expected

    wait_for(is_done, "all tasks have ended", MOST_SECONDS)


def show_tenants(running: Stack, console: Console) -> None:
    """Print the rows and exports of each tenant and family, and the duration of all tasks."""
    table = Table(title="What the tenants sent", title_justify="left")
    for heading in ("tenant", "family", "rows", "exports", "refused"):
        left = heading in {"tenant", "family"}
        table.add_column(heading, justify="left" if left else "right")
    bound = 0.0
    for name, simulator in running.simulators.items():
        rows, exports = count(running, name)
        for family in simulator.backend.families:
            if family.name in FAMILIES:
                numbers = (rows[family.name], exports[family.name], family.limit_violations)
                table.add_row(name, family.name, *(f"{number:,}" for number in numbers))
        least = least_seconds(exports[csv_jobs.FAMILY], Options(**OPTIONS))
        bound = max(bound, least)
    console.print(table)
    console.print(f"Tasks that failed: {len(failed(running))}")
    console.print(f"From the first task to the last: {format_duration(makespan(running))}")
    console.print(
        f"The least by the API's interval between exports, {SPEED:.0f} times as fast as it is: "
        f"{format_duration(timedelta(seconds=bound))}"
    )


def count(running: Stack, tenant: str) -> tuple[Counter[str], Counter[str]]:
    """Return the rows and the exports of a tenant by family, as its audit logs have them."""
    rows: Counter[str] = Counter()
    exports: Counter[str] = Counter()
    for event in running.audit_events(tenant):
        if event["event"] == "stream_ended" and event["family"]:
            rows[event["family"]] += event["rows"]
            exports[event["family"]] += event["exports"]
    return rows, exports


def least_seconds(exports: float, options: Options) -> float:
    """Return the least duration of extractions: their intervals, and the job of the last one."""
    return (max(0, exports - 1) * options.spacing + options.job_time).total_seconds()


def failed(running: Stack) -> list[str]:
    """Return the tasks that did not succeed."""
    return [task["dag_id"] for task in running.airflow.tasks() if task["state"] != "success"]


def makespan(running: Stack) -> timedelta:
    """Return the time from the start of the first task to the end of the last one."""
    tasks = running.airflow.tasks()
    starts = [datetime.fromisoformat(task["start_date"]) for task in tasks]
    return max(datetime.fromisoformat(task["end_date"]) for task in tasks) - min(starts)


if __name__ == "__main__":
    run_demo()
