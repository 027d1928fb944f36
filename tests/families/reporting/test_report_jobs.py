"""Custom report jobs: run and collected, resumed, their files, and unusual responses."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tap_cxone.cli.plan_report import plan_lines
from tap_cxone.errors import ConfigError
from tap_cxone.simulator import Fault
from tap_cxone.tap import TapCXone
from tests.support.clocks import OnceActingClock
from tests.support.reporting import REPORT, job_submits, report_config, run_reporting
from tests.support.requests import sent
from tests.support.run import Killed, select

if TYPE_CHECKING:
    from tap_cxone.simulator import Simulator

HOUR = timedelta(hours=1)
JSON = (("Content-Type", "application/json"),)


@pytest.fixture
def clock() -> OnceActingClock:
    """Return a clock at noon that runs an action at its next sleep."""
    return OnceActingClock()


def contact_keys(sim: Simulator) -> list[str]:
    """Return the contacts in the files of all jobs so far, sorted."""
    return sorted(
        row["Contact ID"]
        for job in sim.report_jobs.jobs()
        for row in sim.report_jobs.rows(job.start, job.end)
    )


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
    (job,) = sim.report_jobs.jobs()
    assert {(r["_job_id"], r["_job_start"], r["_job_end"]) for r in records} == {
        (job.id, job.submitted_at.isoformat(), job.ready_at.isoformat())
    }
    assert all(isinstance(r["total_time"], int) for r in records)
    assert "replication_key_value" not in out.state["bookmarks"][REPORT]


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
    assert len(sim.report_jobs.jobs()) == 1


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


def test_file_of_a_report_may_have_a_link_without_a_host(simulate, clock):
    """A link that is a path names a file on the API's own host."""
    sim = simulate(file_base_url="/")

    out = run_reporting(report_config(sim), clock, REPORT)

    assert out.error is None
    assert out.counts()[REPORT] == 12


@pytest.mark.promise("own-hosts")
def test_file_of_a_report_at_another_host_gets_no_token(simulate, clock):
    """A link to a host that is not on the allow-list is not requested."""
    sim = simulate(file_base_url="https://elsewhere.invalid/")

    out = run_reporting(report_config(sim), clock, REPORT)

    assert "may not receive the token" in str(out.error)


@pytest.mark.promise("own-hosts")
@pytest.mark.parametrize("is_allowed", [True, False], ids=["allowed", "another"])
def test_file_of_a_collected_job_goes_to_allowed_hosts_only(sim, clock, is_allowed):
    """`file_hosts` names a host that may get the token; the link is used as it came."""
    job_id = sim.report_jobs.start({})
    clock.instant += HOUR
    host = sim.url.replace("127.0.0.1", "localhost")
    link = f"{host}/inContactAPI/services/V99.0/files?fileName={job_id}.csv"
    ended = {"jobId": job_id, "jobEnd": "2026-03-20T12:01:00.000000+0000", "resultFileURL": link}
    body = json.dumps({"jobResults": {"completedJobs": [ended]}})
    sim.faults.add(Fault("list", "status", status=200, headers=JSON, body=body))
    own = {"file_hosts": [host.removeprefix("http://")] if is_allowed else []}
    config = report_config(sim, {"mode": "collect"})
    config["reporting"] |= own

    out = run_reporting(config, clock, REPORT)

    files = [(seen.path, "authorization" in seen.headers) for seen in sent(sim, "GET", "/files")]
    assert files == ([("/inContactAPI/services/V99.0/files", True)] if is_allowed else [])
    assert (out.error is None) == is_allowed


def test_report_without_permission_names_it(simulate, clock):
    """A refused submit names the permission in CXone."""
    sim = simulate(forbidden=frozenset({"report-jobs"}))

    out = run_reporting(report_config(sim), clock, REPORT)

    assert "Custom Reports > Edit" in str(out.error)


def test_collected_jobs_are_those_since_the_bookmark(sim, clock):
    """Every finished job is emitted once, and the tap starts none."""
    sim.report_jobs.start({})
    clock.instant += HOUR * 24
    sim.report_jobs.start({})
    clock.instant += HOUR
    config, wanted = report_config(sim, {"mode": "collect"}), contact_keys(sim)

    first = run_reporting(config, clock, REPORT)
    again = run_reporting(config, clock, REPORT, state=first.state)
    sim.report_jobs.start({})
    clock.instant += HOUR
    later = run_reporting(config, clock, REPORT, state=again.state)

    assert (first.error, again.error, later.error) == (None, None, None)
    assert sorted(r["contact_id"] for r in first.records(REPORT)) == wanted
    assert again.counts() == {}
    assert {r["_job_id"] for r in later.records(REPORT)} == {sim.report_jobs.jobs()[-1].id}
    assert job_submits(sim) == []


def test_collected_jobs_with_one_end_are_all_emitted(sim, clock):
    """Two jobs that ended at the same instant are two windows."""
    sim.report_jobs.start({})
    sim.report_jobs.start({})
    clock.instant += HOUR

    out = run_reporting(report_config(sim, {"mode": "collect"}), clock, REPORT)

    jobs = {job.id for job in sim.report_jobs.jobs()}
    assert len(jobs) == 2
    assert {r["_job_id"] for r in out.records(REPORT)} == jobs


def test_collected_jobs_with_one_end_are_told_apart_by_their_id(sim, clock):
    """The next run emits the second of two jobs that ended at once, and not the first again."""
    sim.report_jobs.start({})
    sim.report_jobs.start({})
    clock.instant += HOUR
    config, (earlier, later) = report_config(sim, {"mode": "collect"}), sim.report_jobs.jobs()
    sim.faults.add(Fault("download", "status", status=400, after=1))

    first = run_reporting(config, clock, REPORT)
    second = run_reporting(config, clock, REPORT, state=first.state)

    assert {r["_job_id"] for r in first.records(REPORT)} == {earlier.id}
    assert {r["_job_id"] for r in second.records(REPORT)} == {later.id}


def test_collected_jobs_of_two_weeks_are_emitted(sim, clock, caplog):
    """A file lives up to 14 days; one that was deleted before is named in a warning."""
    start = clock.now() - timedelta(days=1)
    sim.report_jobs.start({"deleteAfter": "14"})
    sim.report_jobs.start({"deleteAfter": "7"})
    clock.instant += timedelta(days=10)
    config = report_config(sim, {"mode": "collect"}, start_date=start.isoformat())

    out = run_reporting(config, clock, REPORT)

    kept, deleted = sim.report_jobs.jobs()
    assert out.error is None
    assert {r["_job_id"] for r in out.records(REPORT)} == {kept.id}
    assert f"job {deleted.id} ended at" in caplog.text
    assert "its file was deleted at" in caplog.text


def test_collected_jobs_end_with_the_end_date(sim, clock):
    """A job that ended after `end_date` is not read."""
    sim.report_jobs.start({})
    clock.instant += HOUR * 24
    sim.report_jobs.start({})
    clock.instant += HOUR
    end = {"end_date": (clock.now() - HOUR * 2).isoformat()}

    out = run_reporting(report_config(sim, {"mode": "collect"}, **end), clock, REPORT)

    assert {r["_job_id"] for r in out.records(REPORT)} == {sim.report_jobs.jobs()[0].id}


def test_collecting_without_jobs_commits_nothing(sim, clock):
    """204 for the list means that no job has finished."""
    out = run_reporting(report_config(sim, {"mode": "collect"}), clock, REPORT)

    assert out.error is None
    assert out.counts() == {}
    assert [seen.status for seen in sent(sim, "GET", "/report-jobs")] == [204]


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
