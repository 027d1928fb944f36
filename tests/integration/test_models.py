"""The dbt models, compiled without dbt, in a real DuckDB and a real PostgreSQL."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING, Any

import pytest

from demo.models import compile_model, model_files, model_properties
from tap_cxone.simulator.settings import tap_settings
from tests.integration.targets import DUCKDB, POSTGRES, load_messages
from tests.support.examples import full_lists, json_jobs, quota_jobs
from tests.support.run import run_tap, select

duckdb = pytest.importorskip("duckdb", reason="DuckDB 1.2 has no wheel for Python 3.14")

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from tests.support.run import Output

    Ask = Callable[[str], list[tuple[Any, ...]]]

BOTS = "bot_conversations"
STREAMS = ("agents", "teams", full_lists.CONTACTS, quota_jobs.KB, BOTS, "extraction_log")
ACCEPTED = ("Used", "Modified")


@pytest.fixture
def loaded_days(simulate: Any, clock: Any) -> Output:
    """Return a run over three days, of which the last begins another week."""
    sim = simulate(rows_per_day=24)
    config = {
        **tap_settings(sim.url, families=(full_lists.FAMILY, quota_jobs.FAMILY, json_jobs.FAMILY)),
        "start_date": "2026-03-14",
        "end_date": "2026-03-17",
    }
    out = run_tap(config, clock=clock, catalog=select(config, *STREAMS))
    assert out.error is None
    return out


@pytest.fixture(params=["duckdb", "postgres"])
def ask_model(request: Any, loaded_days: Output, tmp_path: Path) -> Ask:
    """Return the function that yields the rows of a model of these days, in order."""
    ask: Ask
    if request.param == "postgres":
        server = request.getfixturevalue("server")
        load_messages(loaded_days, POSTGRES, server.settings, tmp_path)
        ask = server.ask
    else:
        path = tmp_path / "warehouse.duckdb"
        load_messages(loaded_days, DUCKDB, {"path": str(path)}, tmp_path)
        ask = partial(duckdb_rows, path)
    return lambda model: ask(f"select * from ({compile_model(model, 'cxone')}) as m order by 1")  # noqa: S608


def duckdb_rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path), read_only=True) as warehouse:
        found: list[tuple[Any, ...]] = warehouse.execute(query).fetchall()
        return found


def summed_up(values: Iterable[tuple[Any, float]], digits: int) -> list[tuple[Any, int, Any]]:
    """Return key, number of values and their average, in the order of the keys."""
    groups: dict[Any, list[float]] = defaultdict(list)
    for key, value in values:
        groups[key].append(value)
    return [
        (key, len(own), pytest.approx(fmean(own), abs=10**-digits))
        for key, own in sorted(groups.items())
    ]


def monday(text: str) -> date:
    day = datetime.fromisoformat(text).date()
    return day - timedelta(days=day.weekday())


@pytest.mark.ci
def test_marts_have_the_figures_of_the_emitted_records(ask_model, loaded_days):
    """Handling time by team, acceptance by week and containment by bot, each computed apart."""
    teams = {row["team_id"]: row["team_name"] for row in loaded_days.records("teams")}
    contacts = [
        (teams[row["team_id"]], row["agent_seconds"] + row["acw_seconds"])
        for row in loaded_days.records(full_lists.CONTACTS)
        if not row["abandoned"]
    ]
    suggestions = [
        (monday(r["date"]), r["status"] in ACCEPTED) for r in loaded_days.records(quota_jobs.KB)
    ]
    bots = [(row["bot_id"], row["agent_id"] is None) for row in loaded_days.records(BOTS)]
    marts = ("handling_time_by_team", "copilot_acceptance_by_week", "bot_containment")

    found = [sorted((key, n, float(value)) for key, n, value in ask_model(mart)) for mart in marts]

    assert found == [summed_up(contacts, 1), summed_up(suggestions, 4), summed_up(bots, 4)]
    assert [len(rows) for rows in found] == [4, 2, 3]


@pytest.mark.ci
def test_contacts_have_the_names_of_their_agents_and_their_hours(ask_model, loaded_days):
    """Each contact has a name out of the table of agents, and the hour that it started in."""
    agents = {
        r["agent_id"]: f"{r['first_name']} {r['last_name']}" for r in loaded_days.records("agents")
    }
    expected = {
        row["contact_id"]: (
            agents[row["agent_id"]],
            datetime.fromisoformat(row["contact_start_date"]).replace(
                minute=0, second=0, microsecond=0, tzinfo=None
            ),
        )
        for row in loaded_days.records(full_lists.CONTACTS)
    }

    found = {row[0]: (row[4], row[2]) for row in ask_model("stg_cxone__contacts")}

    assert found == expected


@pytest.mark.ci
def test_described_columns_are_those_of_the_model(loaded_days, tmp_path):
    """The properties of each model have the columns of its query, in their order."""
    path = tmp_path / "warehouse.duckdb"
    load_messages(loaded_days, DUCKDB, {"path": str(path)}, tmp_path)

    found = {
        model: [name for name, *_ in duckdb_rows(path, f"describe {compile_model(model, 'cxone')}")]
        for model in model_files()
    }

    described = {
        model["name"]: [c["name"] for c in model["columns"]] for model in model_properties()
    }
    assert found == described


APPENDED = (
    "create schema cxone",
    "create table cxone.agents (agent_id bigint, first_name text, last_name text, "
    "team_id bigint, is_active boolean, last_updated timestamp)",
    "insert into cxone.agents values (1, 'Ada', 'Old', 7, true, '2026-03-01'), "
    "(1, 'Ada', 'New', 7, true, '2026-03-02')",
    "create table cxone.contacts_completed (contact_id bigint, agent_id bigint, team_id bigint, "
    "skill_name text, is_outbound boolean, abandoned boolean, in_queue_seconds numeric, "
    "agent_seconds numeric, acw_seconds numeric, contact_start_date timestamp, "
    "last_update_time timestamp)",
    "insert into cxone.contacts_completed values "
    "(5, 1, 7, 'x', false, false, 0, 10, 0, '2026-03-02 10:15', '2026-03-02 10:30'), "
    "(5, 1, 7, 'x', false, false, 0, 99, 0, '2026-03-02 10:15', '2026-03-02 10:40')",
)


@pytest.fixture(params=["duckdb", "postgres"])
def ask_appended(request: Any, tmp_path: Path) -> Ask:
    """Return the function that asks tables of a loader which appends each version of a record."""
    if request.param == "postgres":
        server = request.getfixturevalue("server")
        server.execute(*APPENDED)
        return lambda query: list(server.ask(query))
    warehouse = duckdb.connect(str(tmp_path / "warehouse.duckdb"))
    for statement in APPENDED:
        warehouse.execute(statement)
    return lambda query: list(warehouse.execute(query).fetchall())


def test_staging_has_the_latest_version_of_a_record(ask_appended):
    """Of two versions of a contact and of its agent, the newer ones count."""
    columns = "contact_id, agent_name, talk_seconds"
    query = compile_model("stg_cxone__contacts", "cxone")

    assert ask_appended(f"select {columns} from ({query}) as m") == [(5, "Ada New", 99)]  # noqa: S608
