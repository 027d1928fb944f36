"""The recipes of docs/, taken from their text: Meltano runs them as they stand there."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.simulator.settings import environment, tap_settings
from tests.docs.document import ROOT
from tests.integration.meltano import meltano, write_project
from tests.support.examples import csv_jobs
from tests.support.run import lines_of

if TYPE_CHECKING:
    from pathlib import Path

    from tap_cxone.simulator import Simulator
    from tests.support.postgres import Postgres

START, MIDDLE, END = (datetime(2026, 3, day, tzinfo=UTC) for day in (10, 12, 14))
SECRET = "pepper"
PEOPLE = ("firstname_agent", "lastname_agent", "phone_number")


def recipe_settings(sim: Simulator, end: datetime = MIDDLE, **changes: Any) -> dict[str, Any]:
    """Return the tap's settings up to a day."""
    span = {"start_date": START.isoformat(), "end_date": end.isoformat()}
    return {**tap_settings(sim.url, 1000), **span, **changes}


def jsonl_rows(project: Path, stream: str) -> list[dict[str, Any]]:
    """Return the rows that target-jsonl wrote of a stream."""
    lines = lines_of((project / f"output/{stream}.jsonl").read_text())
    return [json.loads(line) for line in lines]


def into(server: Postgres) -> dict[str, str]:
    """Return where the server is, for the recipe that says `localhost` and the usual port."""
    return {
        "TARGET_POSTGRES_HOST": server.settings["host"],
        "TARGET_POSTGRES_PORT": str(server.settings["port"]),
        "TARGET_POSTGRES_PASSWORD": server.settings["password"],
    }


@pytest.fixture
def quick(simulate) -> Simulator:
    """Return a simulator without a spacing between submits."""
    started: Simulator = simulate(spacing_seconds=0)
    return started


@pytest.mark.slow
def test_postgres(tmp_path, quick, server):
    """The first recipe brings every row, with instants in UTC whatever the server's zone is."""
    project = write_project(tmp_path, "postgres")
    variables = environment(recipe_settings(quick)) | into(server)

    meltano(project, variables, "run", "tap-cxone", "target-postgres")

    assert server.ask("show timezone") != [("UTC",)]
    rows = server.ask("select workflow_id, last_updated from cxone.qm_workflows order by 1")
    assert rows == sorted(
        (row["Workflow ID"], datetime.fromisoformat(row["Last Updated"]).replace(tzinfo=None))
        for row in quick.expected_rows("qm-workflows", START, MIDDLE)
    )


@pytest.mark.slow
def test_testing_a_config_costs_an_export(tmp_path, quick):
    """Meltano's test of a config runs the tap until its first record: it submits a job."""
    project = write_project(tmp_path)
    command = ("config", "test", "tap-cxone")
    assert f"`meltano {' '.join(command)}`" in (ROOT / "docs/meltano.md").read_text()

    run = meltano(project, environment(recipe_settings(quick)), *command)

    assert "Plugin configuration is valid" in run.stdout
    assert [seen.path for seen in quick.requests if seen.path.endswith("/jobs/sync")]


@pytest.mark.slow
def test_select(tmp_path, quick):
    """What the page selects comes, with the key and the bookmark, and no other stream."""
    project = write_project(tmp_path)
    variables = environment(recipe_settings(quick))
    select = ("select", "tap-cxone", "qm_workflows", "workflow_id")
    assert f"`meltano {' '.join(select)}`" in (ROOT / "docs/meltano.md").read_text()

    meltano(project, variables, *select)
    meltano(project, variables, "run", "tap-cxone", "target-jsonl")

    rows = jsonl_rows(project, "qm_workflows")
    assert {tuple(row) for row in rows} == {("workflow_id", "_window_end")}
    assert len(rows) == len(quick.expected_rows("qm-workflows", START, MIDDLE))
    assert [path.name for path in (project / "output").iterdir()] == ["qm_workflows.jsonl"]


@pytest.mark.slow
def test_hashed(tmp_path, simulate):
    """The recipe's columns arrive as salted hashes, and nothing of them in any other place."""
    sim = simulate(spacing_seconds=0)
    project = write_project(tmp_path, "hash")
    odd = {"entities": [{"name": "qm_workflows", "columns": {"rank": "integer"}}]}
    family = tap_settings(sim.url, 1000)[csv_jobs.FAMILY] | odd
    config = recipe_settings(sim, **{csv_jobs.FAMILY: family}, max_invalid_ratio=1)
    variables = environment(config) | {"CXONE_HASH_SECRET": SECRET}

    meltano(project, variables, "run", "tap-cxone", "target-jsonl")

    truth = {row["Workflow ID"]: row for row in sim.expected_rows("qm-workflows", START, MIDDLE)}
    titles = ("Firstname (Agent)", "Lastname (Agent)", "Phone Number")
    rows = jsonl_rows(project, "qm_workflows")
    assert rows
    for row in rows:
        source = [truth[row["workflow_id"]][title] for title in titles]
        assert [row[name] for name in PEOPLE] == [salted_digest(text) for text in source]
    calls = {
        r["Segment ID"]: r
        for r in sim.expected_rows("recording-interaction-metadata", START, MIDDLE)
    }
    for row in jsonl_rows(project, "recording_interaction_metadata"):
        source = calls[row["segment_id"]]
        assert row["agent_1_name"] == salted_digest(source["Agent 1 Name"])
        assert (row["ani"], row["dnis"]) == (
            salted_digest(source["ANI"]),
            salted_digest(source["DNIS"]),
        )
        assert source["Agent 2 Name"] not in row.values() or not source["Agent 2 Name"]
    kept = jsonl_rows(project, "quarantine")
    assert len(kept) + len(rows) == len(truth)
    assert kept
    assert not any("record" in row for row in kept)
    numbers = [row["Phone Number"] for row in truth.values()]
    text = "".join(path.read_text() for path in (project / "output").iterdir())
    assert not any(number in text for number in numbers)


def salted_digest(text: str) -> str:
    return hashlib.sha256(f"{SECRET}{text}".encode()).hexdigest()


@pytest.mark.slow
def test_no_secret_no_run(tmp_path, quick):
    """Without the secret nothing is hashed with an empty one: the run does not start."""
    project = write_project(tmp_path, "hash")

    with pytest.raises(AssertionError, match="CXONE_HASH_SECRET"):
        meltano(project, environment(recipe_settings(quick)), "run", "tap-cxone", "target-jsonl")

    assert quick.requests == []
    assert list((project / "output").iterdir()) == []


@pytest.mark.slow
def test_two_tenants(tmp_path, simulate, server):
    """A job reads two tenants into two schemas, and each continues from a separate state."""
    project = write_project(tmp_path, "postgres", "tenants")
    tenants = {
        "EMEA": simulate(spacing_seconds=0),
        "APAC": simulate(spacing_seconds=0, seed=2),
    }
    for ends in ({"EMEA": MIDDLE, "APAC": END}, {"EMEA": END, "APAC": END}):
        variables = into(server)
        submits = {name: len(extraction_jobs(sim)) for name, sim in tenants.items()}
        for name, sim in tenants.items():
            own = environment(recipe_settings(sim, ends[name]))
            variables |= {k.replace("CXONE", f"CXONE_{name}", 1): v for k, v in own.items()}

        meltano(project, variables, "run", "cxone")

        for name, sim in tenants.items():
            query = f"select workflow_id from cxone_{name.lower()}.qm_workflows order by 1"  # noqa: S608
            truth = sim.expected_rows("qm-workflows", START, ends[name])
            assert server.ask(query) == sorted((row["Workflow ID"],) for row in truth)
    begun = {
        name: {job["startDate"] for job in extraction_jobs(sim)[submits[name] :]}
        for name, sim in tenants.items()
    }
    assert begun == {"EMEA": {MIDDLE.date().isoformat()}, "APAC": set()}
    listed = meltano(project, into(server), "state", "list").stdout.split()
    assert sorted(listed) == [
        f"demo:tap-cxone-{t}-to-target-postgres-{t}" for t in ("apac", "emea")
    ]


def extraction_jobs(sim: Simulator) -> list[dict[str, Any]]:
    """Return the jobs that were submitted so far."""
    return [json.loads(s.body) for s in sim.requests if s.path.endswith("/jobs/sync")]
