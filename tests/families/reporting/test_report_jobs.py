"""Custom report jobs: run and collected, resumed, their files, and unusual responses."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tap_cxone.cli.plan_report import plan_lines
from tap_cxone.errors import ConfigError
from tap_cxone.simulator import Fault
from tap_cxone.tap import TapCXone
from tests.support.batches import batch_config, rows_in
from tests.support.clocks import OnceActingClock
from tests.support.reporting import (
    JSON,
    REPORT,
    contact_keys,
    job_submits,
    report_config,
    run_reporting,
)
from tests.support.run import Killed, select

HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> OnceActingClock:
    """Return a clock at noon that runs an action at its next sleep."""
    return OnceActingClock()


def status_of(state: str | None) -> Fault:
    """Return the fault that answers a poll with a state; None for a job without one."""
    job = {"jobId": "9001", **({} if state is None else {"state": state})}
    body = json.dumps({"jobResult": job})
    return Fault("poll", "status", status=200, headers=JSON, body=body)


@pytest.mark.parametrize("wrapper", ["present", "absent"])
def test_report_is_run_and_its_rows_carry_the_job(simulate, clock, wrapper):
    """A run starts one job, and its records have the ID and the times of it."""
    sim = simulate(report_job_wrapper=wrapper)

    out = run_reporting(report_config(sim), clock, REPORT)

    records = out.records(REPORT)
    assert out.error is None
    assert sorted(r["contact_id"] for r in records) == contact_keys(sim)
    (job,) = sim.report_jobs.all()
    assert {(r["_job_id"], r["_job_start"], r["_job_end"]) for r in records} == {
        (job.id, job.submitted_at.isoformat(), job.ready_at.isoformat())
    }
    assert all(isinstance(r["total_time"], int) for r in records)
    assert "replication_key_value" not in out.state["bookmarks"][REPORT]


def test_parquet_of_a_report_has_the_id_of_its_job_as_a_text(simulate, clock, tmp_path):
    """The ID and the times of the job have the types of the SCHEMA in parquet files too."""
    sim = simulate()

    out = run_reporting(
        report_config(sim, batch_config=batch_config(tmp_path, "parquet")), clock, REPORT
    )

    (job,) = sim.report_jobs.all()
    assert out.error is None
    rows = [row for message in out.of("BATCH", REPORT) for row in rows_in(message)]
    assert {(row["_job_id"], row["_job_start"]) for row in rows} == {(job.id, job.submitted_at)}


def test_report_is_requested_as_csv_with_headers(sim, clock):
    """A submit names the file type, and how long the file is kept."""
    run_reporting(report_config(sim, {"delete_after_days": 14}), clock, REPORT)

    (submit,) = job_submits(sim)
    assert submit.query == {
        "fileType": "CSV",
        "includeHeaders": "true",
        "appendDate": "true",
        "overwrite": "true",
        "deleteAfter": "14",
    }


@pytest.mark.ci
def test_report_job_of_a_killed_run_is_resumed(sim, clock):
    """A run that was killed leaves its job in the state, and the next run takes it up."""

    def kill() -> None:
        raise Killed

    clock.action = kill
    first = run_reporting(report_config(sim), clock, REPORT)
    clock.instant += timedelta(days=2)

    out = run_reporting(report_config(sim), clock, REPORT, state=first.state)

    assert isinstance(first.error, Killed)
    assert out.error is None
    assert len(job_submits(sim)) == 1
    assert out.counts()[REPORT] == 12


def test_job_whose_file_was_deleted_is_run_again(sim, clock):
    """A 409 for a file that is not available any more leads to a new job."""

    def kill() -> None:
        raise Killed

    clock.action = kill
    first = run_reporting(report_config(sim), clock, REPORT)
    clock.instant += timedelta(days=8)

    out = run_reporting(report_config(sim), clock, REPORT, state=first.state)

    assert out.error is None
    assert len(job_submits(sim)) == 2


def test_submit_whose_response_was_lost_is_found_in_the_list(sim, clock):
    """No second job is started if the list shows the one of the lost response."""
    sim.faults.add(Fault("submit", "reply-lost", family="reporting"))

    out = run_reporting(report_config(sim), clock, REPORT)

    assert out.error is None
    assert out.counts()[REPORT] == 12
    assert len(sim.report_jobs.all()) == 1


def test_job_that_failed_names_its_state(sim, clock):
    """A state with a word of failure ends the stream, though no field has a reason."""
    sim.faults.add(status_of("Cancelled by user"))

    out = run_reporting(report_config(sim), clock, REPORT)

    assert "produced no file: CANCELLED" in str(out.error)
    assert '"state": "Cancelled by user"' in str(out.error)


def test_unknown_state_of_a_job_is_polled_on(sim, clock):
    """A state that nobody has seen is not the end of a job."""
    sim.faults.add(status_of("Hibernating"))

    out = run_reporting(report_config(sim), clock, REPORT)

    assert out.error is None
    assert out.counts()[REPORT] == 12


@pytest.mark.parametrize("state", [None, "Finished"])
def test_job_without_a_link_is_polled_on_without_a_warning(sim, clock, caplog, state):
    """Older versions send no state, and a finished job may get its link later."""
    sim.faults.add(status_of(state))

    out = run_reporting(report_config(sim), clock, REPORT)

    assert out.error is None
    assert out.counts()[REPORT] == 12
    assert "does not know the status" not in caplog.text


def test_file_that_is_missing_at_first_is_waited_for(simulate, clock):
    """A new file may be missing for a minute; the job is not run again."""
    sim = simulate(file_misses=3)

    out = run_reporting(report_config(sim), clock, REPORT)

    assert out.error is None
    assert len(job_submits(sim)) == 1
    assert out.counts()[REPORT] == 12


def test_title_lines_of_a_report_are_skipped(simulate, clock):
    """`skip_lines` omits the lines before the header."""
    sim = simulate(report_title_lines=2)

    out = run_reporting(report_config(sim, {"skip_lines": 2}), clock, REPORT)

    assert out.error is None
    assert out.counts()[REPORT] == 12


@pytest.mark.parametrize("start", ["/", "./"])
def test_file_of_a_report_may_be_a_path(simulate, clock, start):
    """A link may lack the host, which is that of the API then."""
    sim = simulate(file_base_url=start)

    out = run_reporting(report_config(sim), clock, REPORT)

    assert out.error is None
    assert out.counts()[REPORT] == 12


@pytest.mark.promise("own-hosts")
def test_file_of_a_report_at_another_host_gets_no_token(simulate, clock):
    """A link to a host that is not on the allow-list is not requested."""
    sim = simulate(file_base_url="https://elsewhere.invalid/")

    out = run_reporting(report_config(sim), clock, REPORT)

    assert "may not receive the token" in str(out.error)
    assert "add it to reporting.file_hosts" in str(out.error)
    assert "elsewhere.invalid" in str(out.error)


def test_report_that_the_tenant_lacks_names_the_setting(sim, clock):
    """A 404 for a submit means a wrong ID, which is in the settings."""
    sim.faults.add(Fault("submit", "status", status=404, family="reporting"))

    out = run_reporting(report_config(sim), clock, REPORT)

    assert "correct report_id of the entry in reporting.report_jobs" in str(out.error)


def test_report_without_permission_names_it(simulate, clock):
    """A refused submit names the permission in CXone."""
    sim = simulate(forbidden=frozenset({"report-jobs"}))

    out = run_reporting(report_config(sim), clock, REPORT)

    assert "Custom Reports > Edit" in str(out.error)


def test_plan_of_a_report_starts_no_job(sim, clock):
    """`--plan` counts one export for a report that is run, without a submit."""
    config = report_config(sim)
    tap = TapCXone(config=config, clock=clock, catalog=select(config, REPORT))

    lines = [line for plan in tap.plans() for line in plan_lines(plan)]

    assert any("1 export needed" in line for line in lines)
    assert job_submits(sim) == []


def test_invalid_report_job_is_named(sim):
    """A lifetime of the file that the API refuses is an error before any request."""
    with pytest.raises(ConfigError) as raised:
        TapCXone(config=report_config(sim, {"delete_after_days": 6}))

    assert "reporting.report_jobs" in str(raised.value)
