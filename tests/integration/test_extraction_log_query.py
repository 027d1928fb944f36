"""The documented query of incomplete days, in a real PostgreSQL and a real DuckDB."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.simulator.settings import tap_settings
from tests.docs.document import ROOT
from tests.integration.targets import DUCKDB, POSTGRES, load_messages
from tests.support.examples import csv_jobs
from tests.support.run import run_tap, select

if TYPE_CHECKING:
    from tests.support.run import Output

STREAMS = ("qm_questions", "qm_workflows")
SKIPPED = [
    {"stream": "qm_questions", "from": "2026-03-12", "to": "2026-03-13", "why": "moved"},
    {"stream": "qm_workflows", "from": "2026-03-14", "to": "2026-03-15", "why": "broken"},
]
INCOMPLETE = [
    *((STREAMS[0], date(2026, 3, day)) for day in (12, 18, 19)),
    *((STREAMS[1], date(2026, 3, day)) for day in (14, 18, 19)),
]


def incomplete_days_query() -> str:
    """Return the query of the documents for the schema `cxone`, as of one o'clock on March 20."""
    texts = [path.read_text() for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))]
    found: list[str] = re.findall(
        r"```sql\n([^`]*from extraction_log\n.*?);\n```", "".join(texts), re.DOTALL
    )
    (query,) = {text.replace("from extraction_log", "from cxone.extraction_log") for text in found}
    return query.replace("current_timestamp", "timestamptz '2026-03-20 01:00:00+00'")


@pytest.fixture
def logged_run(simulate: Any, clock: Any) -> Output:
    """Return a run of two streams over six days, of which each skips another one."""
    sim = simulate(rows_per_day=2)
    config = {
        **tap_settings(sim.url, families=(csv_jobs.FAMILY,)),
        csv_jobs.FAMILY: {"window_days": 2, "overlap_days": 0},
        "start_date": "2026-03-12",
        "end_date": "2026-03-18",
        "skip_windows": SKIPPED,
    }
    return run_tap(config, clock=clock, catalog=select(config, *STREAMS, "extraction_log"))


@pytest.mark.ci
@pytest.mark.parametrize("type_", ["timestamp", "timestamptz"])
def test_incomplete_days_are_listed_in_postgres(logged_run, server, tmp_path, type_):
    """A skipped day is incomplete, also the first one, and so are the days after the last window.

    The days are those of UTC, whatever the zone of the session and the type of the columns.
    """
    load_messages(logged_run, POSTGRES, server.settings, tmp_path)
    table = "alter table cxone.extraction_log"
    for column in ("window_start", "window_end"):
        if type_ == "timestamptz":
            server.execute(
                f"{table} alter {column} type timestamptz using {column} at time zone 'UTC'"
            )

    for zone in ("UTC", "America/New_York", "Asia/Tokyo"):
        server.execute(f"alter database postgres set timezone to '{zone}'")

        assert server.ask(incomplete_days_query()) == INCOMPLETE

    server.execute("alter database postgres reset timezone")


@pytest.mark.ci
@pytest.mark.parametrize("type_", ["timestamp", "timestamptz"])
def test_incomplete_days_are_listed_in_duckdb(duckdb, logged_run, tmp_path, type_):
    """The same in DuckDB."""
    path = tmp_path / "warehouse.duckdb"
    load_messages(logged_run, DUCKDB, {"path": str(path)}, tmp_path)

    with duckdb.connect(str(path)) as warehouse:
        warehouse.execute("set timezone to 'UTC'")
        columns = ", ".join(f"{name}::{type_} as {name}" for name in ("window_start", "window_end"))
        select_typed = f"select * replace ({columns}) from cxone.extraction_log"  # noqa: S608
        # The type of a key column cannot be altered.
        warehouse.execute(f"create or replace table cxone.extraction_log as {select_typed}")
        for zone in ("UTC", "America/New_York", "Asia/Tokyo"):
            warehouse.execute(f"set timezone to '{zone}'")

            assert warehouse.execute(incomplete_days_query()).fetchall() == INCOMPLETE
