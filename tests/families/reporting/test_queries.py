"""The queries of docs/reporting.md taken from its text, in a real PostgreSQL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.docs.document import ROOT
from tests.integration.targets import POSTGRES, load_messages
from tests.support.reporting import CALLS, CONTACTS, REPORT, report_entry, reporting_settings
from tests.support.run import run_tap, select

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.posix

STREAMS = (CONTACTS, "agents", "skills", "dispositions", CALLS, REPORT)
SETTINGS = {"data_downloads": [{"name": CALLS}], "report_jobs": [report_entry()]}
SPAN = {"start_date": "2026-03-16T00:00:00Z", "end_date": "2026-03-18T00:00:00Z"}


def page_queries() -> dict[str, str]:
    """Return the queries of the page on the reporting API, by their table."""
    text = (ROOT / "docs/reporting.md").read_text()
    queries = re.findall(r"```sql\n(.*?);\n```", text, re.DOTALL)
    return {re.findall(r"from (\w+)", query)[0]: query for query in queries}


@pytest.fixture
def ask(simulate, clock, server, tmp_path: Path) -> Any:
    """Return the function that runs a query on two days of the tenant, loaded by the target."""
    sim = simulate(rows_per_day=6, download_zone_hours=0)
    config = reporting_settings(sim, SETTINGS, **SPAN)
    out = run_tap(config, clock=clock, catalog=select(config, *STREAMS))
    assert out.error is None
    load_messages(out, POSTGRES, server.settings, tmp_path)
    names = "|".join(STREAMS)
    return lambda query: server.ask(re.sub(rf"\b(from|join) ({names})\b", r"\1 cxone.\2", query))


@pytest.mark.ci
def test_page_queries_of_reporting_find_the_loaded_rows(ask):
    """Contacts join their dimensions, calls are grouped by skill, and a report by the job's day."""
    queries = page_queries()

    contacts = ask(queries[CONTACTS])
    calls, reports = ask(queries[CALLS]), ask(queries[REPORT])

    assert len(contacts) == 12
    assert all(None not in row for row in contacts)
    (not_abandoned,) = ask("select count(*) from call_detail where not abandon")[0]
    assert sum(number for _, number, _ in calls) == not_abandoned > 0
    assert [str(day) for day, _ in reports] == ["2026-03-20"]
    assert reports[0][1] > 0
