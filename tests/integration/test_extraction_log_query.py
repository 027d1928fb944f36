"""The documented query of incomplete days, in a real PostgreSQL and a real DuckDB."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from tap_cxone.simulator.settings import tap_settings
from tests.docs.document import ROOT
from tests.integration.targets import DUCKDB, POSTGRES, load_messages
from tests.support.run import run_tap, select

if TYPE_CHECKING:
    from tests.support.run import Output

STREAMS = ("qm_questions", "qm_workflows")
SKIPPED = {"stream": "qm_workflows", "from": "2026-03-14", "to": "2026-03-15", "why": "broken"}
INCOMPLETE = [
    *((STREAMS[0], date(2026, 3, day)) for day in (18, 19)),
    *((STREAMS[1], date(2026, 3, day)) for day in (14, 18, 19)),
]


def incomplete_days_query() -> str:
    """Return the query of the documents, as of March 20, for the schema `cxone`."""
    texts = [path.read_text() for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))]
    found: list[str] = re.findall(
        r"```sql\n([^`]*from extraction_log\n.*?);\n```", "".join(texts), re.DOTALL
    )
    (query,) = (text.replace("from extraction_log", "from cxone.extraction_log") for text in found)
    return query.replace("current_date", "date '2026-03-20'")


@pytest.fixture
def logged_run(simulate: Any, clock: Any) -> Output:
    """Return a run of two streams over six days of which one is skipped in one stream."""
    sim = simulate(rows_per_day=2)
    config = {
        **tap_settings(sim.url, families=("data_extraction",)),
        "data_extraction": {"window_days": 2, "overlap_days": 0},
        "start_date": "2026-03-12",
        "end_date": "2026-03-18",
        "skip_windows": [SKIPPED],
    }
    return run_tap(config, clock=clock, catalog=select(config, *STREAMS, "extraction_log"))


def test_incomplete_days_are_listed_in_postgres(logged_run, server, tmp_path):
    """A skipped day is incomplete, and so are the days after the last window."""
    load_messages(logged_run, POSTGRES, server.settings, tmp_path)

    assert server.ask(incomplete_days_query()) == INCOMPLETE


def test_incomplete_days_are_listed_in_duckdb(logged_run, tmp_path):
    """The same in DuckDB."""
    path = tmp_path / "warehouse.duckdb"
    load_messages(logged_run, DUCKDB, {"path": str(path)}, tmp_path)

    with duckdb.connect(str(path), read_only=True) as warehouse:
        assert warehouse.execute(incomplete_days_query()).fetchall() == INCOMPLETE
