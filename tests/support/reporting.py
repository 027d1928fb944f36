"""The reporting API as tests see it: settings for short runs, requests, and the truth."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tap_cxone.families.reporting.period_tables import PERIOD_TABLES
from tap_cxone.families.reporting.tables import DIMENSIONS
from tap_cxone.simulator import Fault
from tap_cxone.simulator.reporting.report_jobs import REPORT_ID
from tap_cxone.simulator.settings import tap_settings
from tests.support.requests import requests_to
from tests.support.run import run_tap, select
from tests.support.scene import snake

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_cxone.simulator import RecordedRequest, Simulator
    from tests.support.run import FakeClock, Output

FAMILY = "reporting"
TOKEN = "/authentication/v1/token/access-key"
BASE = "/inContactAPI/services/v34.0"
CONTACTS = "contacts_completed"
TABLES = [table.name for table in DIMENSIONS]
PERIODS = [table.name for table in PERIOD_TABLES]
LISTS = [CONTACTS, *TABLES, *PERIODS]
CALLS = "call_detail"
CALLS_TRUTH = "data-download/524"
DOWNLOAD_PATH = f"{BASE}/report-jobs/datadownload"
CONTACTS_PATH = f"{BASE}/contacts/completed"
FIGURES = "agents_performance"
FIGURES_TRUTH = "agents/performance"
FIGURES_PATH = f"{BASE}/{FIGURES_TRUTH}"

REPORT = "contacts_of_yesterday"
JSON = (("Content-Type", "application/json"),)
SUBMIT_PATH = f"{BASE}/report-jobs/{REPORT_ID}"


def reporting_settings(
    sim: Simulator, own: dict[str, Any] | None = None, **changes: Any
) -> dict[str, Any]:
    """Return settings for a simulator.

    Args:
        sim: The simulator.
        own: The family's settings.
        **changes: Changes of the others.
    """
    base = {**tap_settings(sim.url, families=(FAMILY,)), "start_date": "2026-03-18T00:00:00Z"}
    return {**base, FAMILY: own or {}, **changes}


def run_reporting(
    config: dict[str, Any],
    clock: FakeClock,
    *streams: str,
    state: dict[str, Any] | None = None,
) -> Output:
    """Run some streams of the family."""
    catalog = select(config, *streams, state=state)
    return run_tap(config, clock=clock, catalog=catalog, state=state)


def report_entry(**changes: Any) -> dict[str, Any]:
    """Return the settings of one custom report."""
    return {
        "name": REPORT,
        "report_id": REPORT_ID,
        "primary_keys": ["Contact ID"],
        "columns": {"Total Time": "integer"},
        **changes,
    }


def report_config(
    sim: Simulator, entry: dict[str, Any] | None = None, **changes: Any
) -> dict[str, Any]:
    """Return settings for a run of one custom report.

    Args:
        sim: The simulator.
        entry: Changes of the report.
        **changes: Changes of the settings outside of the family.
    """
    return reporting_settings(sim, {"report_jobs": [report_entry(**(entry or {}))]}, **changes)


def job_submits(sim: Simulator) -> list[RecordedRequest]:
    """Return the submits of report jobs."""
    return requests_to(sim, SUBMIT_PATH)


def contact_keys(sim: Simulator) -> list[str]:
    """Return the contacts in the files of all jobs so far, sorted."""
    return sorted(
        row["Contact ID"]
        for job in sim.report_jobs.all()
        for row in sim.report_jobs.rows(job.start, job.end)
    )


def lists_of(sim: Simulator, path: str) -> list[RecordedRequest]:
    """Return the requests for a list, by its path below the version."""
    return [seen for seen in sim.requests if seen.path == f"{BASE}{path}"]


def date_ranges(sim: Simulator, path: str) -> list[tuple[str, str]]:
    """Return the date ranges of the requests for a list, each once, in order."""
    queries = [seen.query for seen in lists_of(sim, path)]
    return list(dict.fromkeys((query["startDate"], query["endDate"]) for query in queries))


def listed_as(body: Any, status: int = 200) -> Fault:
    """Return the fault that answers a list with a JSON value."""
    headers = (("Content-Type", "application/json"),)
    return Fault("page", "status", status=status, body=json.dumps(body), headers=headers)


def contact_records(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the records that the rows of contacts become."""
    return [{snake(name): _value(value) for name, value in row.items()} for row in rows]


def agent_records(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the records that the rows of agents become, without the keys of the agents."""
    return contact_records({k: v for k, v in row.items() if k != "apiKey"} for row in rows)


def report_records(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the records that the rows of the custom report become."""
    return [
        {
            **{snake(name): value for name, value in row.items()},
            "start_date": _american_instant(row["Start Date"]),
        }
        for row in rows
    ]


def _american_instant(text: str) -> str:
    parsed = datetime.strptime(f"{text} +0000", "%m/%d/%Y %I:%M:%S %p %z")
    return parsed.isoformat()


def _value(value: Any) -> Any:
    return json.dumps(value, separators=(",", ":")) if isinstance(value, list) else value


def call_records(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the records that the rows of the call details become, as texts."""
    return [
        {
            **{snake(name): value.replace(",", "") for name, value in row.items()},
            **{name: row[name] for name in ("agent_name", "team_name", "campaign_name")},
            "contact_name": row["contact_name"],
            "skill_name": row["skill_name"],
            "start_date": _iso_day(row["start_date"]),
            "abandon": row["abandon"] == "Y",
            "logged": row["Logged"] == "Y",
        }
        for row in rows
    ]


def _iso_day(text: str) -> str:
    month, day, year = text.split("/")
    return f"{year}-{int(month):02d}-{int(day):02d}"
