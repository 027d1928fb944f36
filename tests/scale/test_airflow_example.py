"""The example of orchestrate/airflow without Airflow: its files and its logic."""

from __future__ import annotations

import ast
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import meltano_el
import pytest
import yaml

from tap_cxone.families.registry import FAMILIES, settings_schema
from tap_cxone.tap import TapCXone
from tests.docs.document import ROOT
from tests.support.audit_log import audit_lines
from tests.support.examples import full_lists, quota_jobs
from tests.support.run import run_tap
from tests.support.streams import run_stream, stream_settings

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE = ROOT / "orchestrate/airflow"
MOST_DAG_LINES = 100
TENANTS = yaml.safe_load((EXAMPLE / "tenants.yml").read_text("utf-8"))["tenants"]


@pytest.fixture
def result_file(tmp_path: Path) -> Path:
    """Return where the tap is to write its summary."""
    return tmp_path / "summary.jsonl"


def test_dag_file_has_at_most_100_lines_and_compiles():
    """What users copy can be read at a glance; its constructs are those of the oldest Python."""
    text = (EXAMPLE / "dags/cxone.py").read_text("utf-8")

    assert len(text.splitlines()) <= MOST_DAG_LINES
    compile(ast.parse(text, feature_version=(3, 11)), "cxone.py", "exec")


@pytest.mark.parametrize("name", TENANTS)
def test_tenant_of_the_example_has_settings_of_the_tap_and_no_keys(name):
    """Names and families exist; keys are in connections of Airflow."""
    known = settings_schema()["properties"]
    settings = TENANTS[name]["settings"]

    assert set(settings) - {"_select"} <= set(known)  # one of Meltano's
    assert [setting for setting in settings if known.get(setting, {}).get("secret")] == []
    assert set(settings["families"]) <= {family.name for family in FAMILIES}


def test_environment_of_a_run_is_what_the_tap_reads(monkeypatch, result_file):
    """Texts, lists and objects come back from the environment as tenants.yml has them."""
    keys = {"access_key_id": "id", "access_key_secret": "secret", "client_id": None}
    settings = {**TENANTS["globex"]["settings"], full_lists.FAMILY: {"page_size": 500}, **keys}
    for name, value in meltano_el.environment({}, "globex", settings, result_file).items():
        monkeypatch.setenv(name, value)

    wanted = {name: value for name, value in settings.items() if value is not None}
    wanted |= {"tenant": "globex", "summary_json": str(result_file)}
    found = TapCXone(config={}, parse_env_config=True)
    assert dict(found.config) == dict(TapCXone(config=wanted).config)


def test_environment_of_a_run_has_no_secret_of_airflow(result_file):
    """What the worker has is inherited, but not the variables of Airflow."""
    worker = {"PATH": "/bin", "AIRFLOW__API_AUTH__JWT_SECRET": "secret", "AIRFLOW_CONN_X": "key"}
    found = meltano_el.environment(worker, "globex", {}, result_file)

    assert {name for name in found if not name.startswith("TAP_CXONE")} == {"PATH"}


def test_result_of_a_complete_run_is_complete(sim, clock, result_file):
    """The task is done."""
    run_stream(stream_settings(sim, summary_json=str(result_file)), clock)

    assert meltano_el.read_result(result_file) == meltano_el.Result(complete=True)


def test_result_of_a_run_that_a_quota_stopped_has_the_instant_of_the_next(
    simulate, clock, result_file
):
    """The instant is the one that the tap names, and one at which the quota has an export."""
    config = quota_jobs.quota_settings(simulate(exports_per_day=2), "2026-03-15", exports_per_day=2)

    run_tap({**config, "summary_json": str(result_file)}, clock=clock, only=quota_jobs.KB)

    found = meltano_el.read_result(result_file)
    named = datetime.fromisoformat(audit_lines(result_file)[-1]["resume_at"])
    assert found == meltano_el.Result(complete=False, resume_at=named)
    assert named > clock.now() + timedelta(hours=20)


@pytest.mark.parametrize("text", ["", '{"event": "stream_ended"}\n'])
def test_result_of_a_run_that_was_killed_is_not_complete(result_file, text):
    """A summary without its last line says nothing of when to go on."""
    result_file.write_text(text, "utf-8")

    assert meltano_el.read_result(result_file) == meltano_el.Result()


def test_result_of_a_run_that_did_not_start_is_not_complete(result_file):
    """A run that its settings ended writes no summary."""
    assert meltano_el.read_result(result_file) == meltano_el.Result()


LATER = datetime(2026, 3, 11, 12, tzinfo=UTC)
COMPLETE = meltano_el.Result(complete=True)
STOPPED = meltano_el.Result(resume_at=LATER)


@pytest.mark.parametrize(
    ("code", "result", "resume", "instant"),
    [
        (0, COMPLETE, True, None),
        (0, STOPPED, True, LATER),
        (0, STOPPED, False, None),
        (1, STOPPED, True, LATER),
    ],
    ids=["complete", "month stopped", "night stopped", "month stopped with an error"],
)
def test_next_run_of_a_task_is_at_the_instant_that_the_tap_names(code, result, resume, instant):
    """A month goes on at that instant; the rest of a night belongs to the next night."""
    assert meltano_el.instant_of_next_run(code, result, resume=resume) == instant


@pytest.mark.parametrize(
    ("code", "result"),
    [(1, meltano_el.Result()), (1, COMPLETE), (0, meltano_el.Result())],
    ids=["failed", "loader failed", "without a result"],
)
def test_task_of_a_run_that_failed_fails(code, result):
    """Airflow repeats it by its own rules."""
    with pytest.raises(meltano_el.RunFailed, match=f"exit code {code}"):
        meltano_el.instant_of_next_run(code, result, resume=True)


def test_task_of_a_night_that_a_quota_made_fail_fails():
    """`on_quota_exhausted: fail` alerts at night too."""
    with pytest.raises(meltano_el.RunFailed):
        meltano_el.instant_of_next_run(1, STOPPED, resume=False)


def test_variables_of_the_example_are_settings_of_the_tap():
    """What the README of the example puts into .env exists."""
    text = (EXAMPLE / "README.md").read_text("utf-8")
    names = set(re.findall(r"(?m)^TAP_CXONE_(\w+)=", text))

    assert names
    assert names <= {name.upper() for name in settings_schema()["properties"]}
