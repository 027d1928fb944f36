"""Sixty shards under Airflow: a worker is killed, PostgreSQL restarted, and one key is wrong."""

# ruff: noqa: S608 (the names in the queries are our own)

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tap_cxone.simulator import Options
from tap_cxone.simulator.settings import environment
from tests.integration.meltano import meltano
from tests.scale.airflow import wait_for
from tests.scale.stack import Stack, last_months, stack, write_yaml
from tests.support.examples import csv_jobs, json_jobs, paged_rows, quota_jobs, report_runs
from tests.support.facts import FACTS
from tests.support.requests import submits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cxone.simulator import RecordedRequest

pytestmark = [pytest.mark.slow, pytest.mark.scale]

TENANTS = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot")
REFUSED = "golf"
POSTPONED = ("charlie", json_jobs.FAMILY)
EXAMPLES = (csv_jobs, quota_jobs, json_jobs, paged_rows, report_runs)
FAMILIES: dict[str, str] = {
    found.FAMILY: FACTS[found.FAMILY].submit_path or "no exports" for found in EXAMPLES
}
"""The families of each tenant, and how the paths of their submits end."""

# A link lives 30 seconds, as a real one, since the machine is no faster.
OPTIONS: dict[str, Any] = {
    "speed": 20,
    "link_seconds": 600,
    "rows_per_day": 24,
    "exports_per_day": None,
}
SLOTS = 4
MOST_SECONDS = 5400
DAY = timedelta(days=1)


@dataclass
class History:
    """What came of the shards.

    Attributes:
        running: All that runs.
        tasks: The last try of each task, by tenant, family and month.
        refusals: Requests of each tenant that broke a limit.
        submits: The accepted submits of each tenant.
        seen: The states that the postponed months had.
    """

    running: Stack
    tasks: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    refusals: dict[str, int] = field(default_factory=dict)
    submits: dict[str, list[RecordedRequest]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def look(self) -> dict[tuple[str, str, str], dict[str, Any]]:
        """Return the last try of each task."""
        self.tasks = {
            (
                one["dag_id"].removeprefix("cxone_history_"),
                one["task_id"],
                one["logical_date"][:7],
            ): one
            for one in self.running.airflow.tasks()
        }
        self.seen |= {one["state"] for key, one in self.tasks.items() if key[:2] == POSTPONED}
        return self.tasks

    def succeeded(self) -> int:
        """Return the number of shards that are complete."""
        return sum(one["state"] == "success" for one in self.look().values())

    def is_over(self) -> bool:
        """Return True if no shard runs or waits any more."""
        tasks = self.look().values()
        expected = 2 * len(FAMILIES) * len(TENANTS) + 2
        return len(tasks) == expected and {one["state"] for one in tasks} <= {"success", "failed"}


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    """Read two months of all tenants, with one disturbance of each kind."""
    options = {name: Options(seed=seed, **OPTIONS) for seed, name in enumerate((*TENANTS, REFUSED))}
    settings = {quota_jobs.FAMILY: {"exports_per_day": None}}
    folder = tmp_path_factory.mktemp("scale")
    with stack(folder, FAMILIES, settings, options, refused=(REFUSED,)) as running:
        found = History(running)
        postpone(running, datetime.now(UTC) + timedelta(minutes=7))
        read_with_disturbances(found)
        found.refusals = {n: sim.limit_violations for n, sim in running.simulators.items()}
        found.submits = {name: accepted(running, name) for name in TENANTS}
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda name: read_once(running, name), TENANTS))
        yield found


def postpone(running: Stack, until: datetime) -> None:
    """Let a family of a tenant run from an instant on; a worker reads tenants.yml for each task."""
    tenant, family = POSTPONED
    tenants = yaml.safe_load((running.project / "tenants.yml").read_text("utf-8"))
    hours = {
        "not_before_utc": f"{until:%H:%M}",
        "not_after_utc": f"{until - timedelta(hours=1):%H:%M}",
    }
    tenants["tenants"][tenant]["settings"][family] = hours
    write_yaml(running.project / "tenants.yml", tenants)


def read_with_disturbances(found: History) -> None:
    """Read the history with two workers, of which one is killed; restart PostgreSQL once."""
    airflow = found.running.airflow
    airflow.start_worker("one", SLOTS)
    airflow.start_worker("two", SLOTS)
    first, last, _ = last_months(datetime.now(UTC).date())
    # First the postponed months, to be early enough, and the months that are tried four times.
    early = (POSTPONED[0], REFUSED)
    names = sorted((*TENANTS, REFUSED), key=lambda name: name not in early)
    airflow.read_history([f"cxone_history_{name}" for name in names], first, last - DAY)
    wait_for(lambda: found.succeeded() >= 10, "ten shards are complete", MOST_SECONDS)
    airflow.kill_worker("two")
    wait_for(lambda: found.succeeded() >= 30, "thirty shards are complete", MOST_SECONDS)
    found.running.warehouse.stop()
    found.running.warehouse.start()
    wait_for(found.is_over, "all shards have ended", MOST_SECONDS)


def accepted(running: Stack, tenant: str) -> list[RecordedRequest]:
    """Return the submits of a tenant that started a job; one may have had no response."""
    found = submits(running.simulators[tenant])
    return [seen for seen in found if seen.status is None or seen.status < 300]


def family_of(seen: RecordedRequest) -> str:
    """Return the family of a submit."""
    return next(name for name, ends in FAMILIES.items() if re.search(f"({ends})$", seen.path))


def test_shards_of_tenants_with_a_right_key_are_complete(history):
    """A dead worker, a restarted database and a refused tenant cost no shard of another tenant."""
    states = Counter((key[0] == REFUSED, one["state"]) for key, one in history.tasks.items())

    assert states == {(False, "success"): 60, (True, "failed"): 2}


def test_shards_break_no_limit_of_the_api(history):
    """No tenant refuses a request because of an interval, a quota or a running job."""
    assert history.refusals == dict.fromkeys((*TENANTS, REFUSED), 0)


@pytest.mark.parametrize("tenant", TENANTS)
def test_exports_of_shards_are_those_needed_and_those_lost(history, tenant):
    """Each window is exported once; again only if a try of its family was ended in between."""
    seen = history.submits[tenant]
    needed = {(one.path, one.body) for one in seen}
    days = [(end - start).days for start, end in pairwise(last_months(datetime.now(UTC).date()))]
    again = {
        key[1] for key, one in history.tasks.items() if key[0] == tenant and one["try_number"] > 1
    }
    repeated = Counter(map(family_of, seen)) - Counter(family for family, _ in distinct(seen))

    assert len(needed) == sum(3 * -(-n // 14) + 4 + -(-n // 30) + n for n in days)
    assert set(repeated) <= again


def distinct(seen: list[RecordedRequest]) -> set[tuple[str, tuple[str, bytes]]]:
    """Return the different submits with their families."""
    return {(family_of(one), (one.path, one.body)) for one in seen}


def test_postponed_month_waits_until_the_instant_that_the_tap_names(history):
    """The task waits without a slot, and the first export is at that instant or later."""
    tenant, family = POSTPONED
    events = list(history.running.audit_events(tenant))
    ends = {e["resume_at"] for e in events if e["event"] == "run_ended"} - {None}
    created = [e["at"] for e in events if (e["event"], e["family"]) == ("job_created", family)]

    assert "up_for_reschedule" in history.seen
    (named,) = map(datetime.fromisoformat, ends)
    assert min(map(datetime.fromisoformat, created)) >= named


@pytest.mark.parametrize("tenant", TENANTS)
def test_rows_of_shards_equal_those_of_one_undisturbed_run(history, tenant):
    """The tables are the same, value by value; only the bounds of windows differ."""
    running = history.running
    tables = tables_of(running, f"once_{tenant}")
    assert len(tables) > 10
    assert tables_of(running, f"cxone_{tenant}").keys() == tables.keys()
    assert {t: difference(running, tenant, t, columns) for t, columns in tables.items()} == {
        table: [] for table in tables
    }


def read_once(running: Stack, tenant: str) -> None:
    """Read both months of a tenant with one run, which shares no journal with the shards."""
    first, _, end = last_months(datetime.now(UTC).date())
    tenants = yaml.safe_load((running.project / "tenants.yml").read_text("utf-8"))["tenants"]
    settings = {**tenants[tenant]["settings"], json_jobs.FAMILY: {}, "tenant": tenant}
    sim = running.simulators[tenant]
    # Instants, as the DAG sets them: a date alone would be a day of the tenant's zone.
    period = {"start_date": f"{first}T00:00:00+00:00", "end_date": f"{end}T00:00:00+00:00"}
    variables = {
        **running.variables,
        **environment({**settings, **running.keys[tenant], **period, "base_url": sim.url}),
        "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": f"once_{tenant}",
    }
    del variables["TAP_CXONE_JOURNAL"]
    meltano(
        running.project,
        variables,
        "el",
        f"--state-id=once-{tenant}",
        "tap-cxone",
        "target-postgres",
    )


def tables_of(running: Stack, schema: str) -> dict[str, list[str]]:
    """Return the columns of each table that come from rows; the extraction log has none.

    `_extracted_at` is when a dimension table was read.
    """
    found: dict[str, list[str]] = {}
    query = (
        f"select table_name, column_name from information_schema.columns where "
        f"table_schema = '{schema}' and column_name !~ '^_(sdc|window|extracted)_' "
        "and table_name <> 'extraction_log'"
    )
    for table, column in sorted(running.warehouse.ask(query)):
        found.setdefault(table, []).append(column)
    return found


def difference(running: Stack, tenant: str, table: str, columns: list[str]) -> list[Any]:
    """Return rows that only one of the two schemas has."""
    names = ", ".join(f'"{column}"' for column in columns)
    some, others = (f'select {names} from {kind}_{tenant}."{table}"' for kind in ("cxone", "once"))
    query = f"(({some} except all {others}) union all ({others} except all {some})) limit 3"
    return running.warehouse.ask(query)
