"""Finished jobs of custom reports, which the tap collects and never starts."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from tap_cxone.simulator import Fault
from tap_cxone.simulator.reporting.report_jobs import REPORT_ID
from tests.support.reporting import (
    BASE,
    JSON,
    REPORT,
    contact_keys,
    job_submits,
    report_config,
    run_reporting,
)
from tests.support.requests import sent

HOUR = timedelta(hours=1)


def test_collected_jobs_are_those_since_the_bookmark(sim, clock):
    """Every finished job is emitted once, and the tap starts none."""
    sim.report_jobs.submit({})
    clock.instant += HOUR * 24
    sim.report_jobs.submit({})
    clock.instant += HOUR
    config, wanted = report_config(sim, {"mode": "collect"}), contact_keys(sim)

    first = run_reporting(config, clock, REPORT)
    again = run_reporting(config, clock, REPORT, state=first.state)
    sim.report_jobs.submit({})
    clock.instant += HOUR
    later = run_reporting(config, clock, REPORT, state=again.state)

    assert (first.error, again.error, later.error) == (None, None, None)
    assert sorted(r["contact_id"] for r in first.records(REPORT)) == wanted
    assert again.counts() == {}
    assert {r["_job_id"] for r in later.records(REPORT)} == {sim.report_jobs.all()[-1].id}
    assert job_submits(sim) == []


def test_collected_jobs_with_one_end_are_all_emitted(sim, clock):
    """Two jobs that ended at the same instant are two windows."""
    sim.report_jobs.submit({})
    sim.report_jobs.submit({})
    clock.instant += HOUR

    out = run_reporting(report_config(sim, {"mode": "collect"}), clock, REPORT)

    jobs = {job.id for job in sim.report_jobs.all()}
    assert len(jobs) == 2
    assert {r["_job_id"] for r in out.records(REPORT)} == jobs


def test_collected_jobs_with_one_end_are_told_apart_by_their_id(sim, clock):
    """The next run emits the second of two jobs that ended at once, and not the first again."""
    sim.report_jobs.submit({})
    sim.report_jobs.submit({})
    clock.instant += HOUR
    config, (earlier, later) = report_config(sim, {"mode": "collect"}), sim.report_jobs.all()
    sim.faults.add(Fault("download", "status", status=400, after=1))

    first = run_reporting(config, clock, REPORT)
    second = run_reporting(config, clock, REPORT, state=first.state)

    assert {r["_job_id"] for r in first.records(REPORT)} == {earlier.id}
    assert {r["_job_id"] for r in second.records(REPORT)} == {later.id}


def test_collected_jobs_of_two_weeks_are_emitted(sim, clock, caplog):
    """A file lives up to 14 days; one that was deleted before is named in a warning."""
    start = clock.now() - timedelta(days=1)
    sim.report_jobs.submit({"deleteAfter": "14"})
    sim.report_jobs.submit({"deleteAfter": "7"})
    clock.instant += timedelta(days=10)
    config = report_config(sim, {"mode": "collect"}, start_date=start.isoformat())

    out = run_reporting(config, clock, REPORT)

    kept, deleted = sim.report_jobs.all()
    assert out.error is None
    assert {r["_job_id"] for r in out.records(REPORT)} == {kept.id}
    assert f"job {deleted.id} ended at" in caplog.text
    assert "its file was deleted at" in caplog.text


def test_collected_jobs_end_with_the_end_date(sim, clock):
    """A job that ended after `end_date` is not read."""
    sim.report_jobs.submit({})
    clock.instant += HOUR * 24
    sim.report_jobs.submit({})
    clock.instant += HOUR
    end = {"end_date": (clock.now() - HOUR * 2).isoformat()}

    out = run_reporting(report_config(sim, {"mode": "collect"}, **end), clock, REPORT)

    assert {r["_job_id"] for r in out.records(REPORT)} == {sim.report_jobs.all()[0].id}


def test_collecting_without_jobs_commits_nothing(sim, clock):
    """204 for the list means that no job has finished."""
    out = run_reporting(report_config(sim, {"mode": "collect"}), clock, REPORT)

    assert out.error is None
    assert out.counts() == {}
    assert [seen.status for seen in sent(sim, "GET", "/report-jobs")] == [204]


def collected_job(job_id: str, ended_at: str, **changes: Any) -> dict[str, Any]:
    """Return a finished job of the API's list."""
    link = f"{BASE}/files?fileName={job_id}.csv"
    return {"jobId": job_id, "jobEnd": ended_at, "resultFileURL": link, **changes}


def listing_of(*jobs: dict[str, Any]) -> Fault:
    """Return the fault that lists these finished jobs."""
    body = json.dumps({"jobResults": {"completedJobs": jobs}})
    return Fault("list", "status", status=200, headers=JSON, body=body)


def test_jobs_of_another_report_are_not_collected(sim, clock):
    """A list that ignores the requested report has jobs of others, whose rows are none of it."""
    mine, other = sim.report_jobs.submit({}), sim.report_jobs.submit({})
    clock.instant += HOUR
    sim.faults.add(
        listing_of(
            collected_job(mine, "2026-03-20T12:01:00Z", reportId=str(REPORT_ID)),
            collected_job(other, "2026-03-20T12:02:00Z", reportId=REPORT_ID + 1),
        )
    )

    out = run_reporting(report_config(sim, {"mode": "collect"}), clock, REPORT)

    assert {r["_job_id"] for r in out.records(REPORT)} == {mine}


def test_job_that_is_listed_later_with_the_end_of_collected_ones_is_collected(sim, clock):
    """Of three jobs with one end, the last one listed has the lowest ID; each is emitted once."""
    first, second, third = (sim.report_jobs.submit({}) for _ in range(3))
    clock.instant += HOUR
    ended = [collected_job(job_id, "2026-03-20T12:01:00Z") for job_id in (first, second, third)]
    sim.faults.add(listing_of(*ended[1:]))
    sim.faults.add(listing_of(*ended))
    config = report_config(sim, {"mode": "collect"})

    outputs = [run_reporting(config, clock, REPORT)]
    outputs += [run_reporting(config, clock, REPORT, state=outputs[-1].state) for _ in range(2)]

    emitted = [{r["_job_id"] for r in out.records(REPORT)} for out in outputs]
    assert [out.error for out in outputs] == [None] * 3
    assert emitted == [{second, third}, {first}, set()]
    assert sorted(outputs[1].state["bookmarks"][REPORT]["latest_collected"]["ids"]) == sorted(
        (first, second, third)
    )


def test_job_that_ends_minutes_after_a_collected_one_is_collected(sim, clock):
    """A bookmark within `settle_minutes` does not delay the next job."""
    config = report_config(sim, {"mode": "collect"})
    sim.report_jobs.submit({})
    clock.instant += timedelta(minutes=5)
    first = run_reporting(config, clock, REPORT)
    later = sim.report_jobs.submit({})
    clock.instant += timedelta(minutes=5)

    out = run_reporting(config, clock, REPORT, state=first.state)

    assert {r["_job_id"] for r in out.records(REPORT)} == {later}


def config_with_skipped_hour(sim):
    """Return settings that collect the jobs of a report, but for those of one hour."""
    period = {"from": "2026-03-20T14:00:00Z", "to": "2026-03-20T15:00:00Z"}
    skipped = [{"stream": REPORT, **period, "why": "a faulty template"}]
    return report_config(sim, {"mode": "collect"}, skip_windows=skipped)


def test_jobs_that_ended_in_a_skipped_period_are_not_collected(sim, clock):
    """`skip_windows` passes the jobs of its period, and those around it are emitted once."""
    before, inside, after = (sim.report_jobs.submit({}) for _ in range(3))
    clock.instant += HOUR * 12
    times = {before: "12:10", inside: "14:10", after: "16:10"}
    ended = [collected_job(job_id, f"2026-03-20T{at}:00Z") for job_id, at in times.items()]
    sim.faults.add(*[listing_of(*ended)] * 9)
    config = config_with_skipped_hour(sim)

    first = run_reporting(config, clock, REPORT)
    again = run_reporting(config, clock, REPORT, state=first.state)

    assert (first.error, again.error) == (None, None)
    assert Counter(r["_job_id"] for r in first.records(REPORT)) == {before: 12, after: 12}
    assert again.records(REPORT) == []


def test_bookmark_in_a_skipped_period_passes_its_jobs(sim, clock):
    """The next run does not collect a job that ended before the end of the skipped period."""
    job_id = sim.report_jobs.submit({})
    clock.instant += HOUR * 12
    sim.faults.add(*[listing_of(collected_job(job_id, "2026-03-20T14:10:00Z"))] * 9)
    config = config_with_skipped_hour(sim)

    first = run_reporting(config, clock, REPORT)
    again = run_reporting(config, clock, REPORT, state=first.state)

    assert (first.error, again.error) == (None, None)
    assert again.bookmark(REPORT) == "2026-03-20T15:00:00+00:00"
    assert first.counts() + again.counts() == {}


def test_job_that_waits_for_its_file_holds_back_later_ones(sim, clock):
    """The bookmark does not pass a job that ended within the hour and has no link so far."""
    early, late = sim.report_jobs.submit({}), sim.report_jobs.submit({})
    clock.instant += HOUR
    waiting = collected_job(early, "2026-03-20T12:31:00Z", resultFileURL=None)
    sim.faults.add(listing_of(waiting, collected_job(late, "2026-03-20T12:32:00Z")))
    config = report_config(sim, {"mode": "collect"})

    first = run_reporting(config, clock, REPORT)
    second = run_reporting(config, clock, REPORT, state=first.state)

    assert first.counts() == {}
    assert {r["_job_id"] for r in second.records(REPORT)} == {early, late}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"resultFileURL": ""}, "it has no file"),
        ({"fileName": "Reports\\a.XLS"}, "its file is no CSV"),
        ({"fileName": "a.pdf"}, "its file is no CSV"),
    ],
    ids=["none", "spreadsheet", "document"],
)
def test_job_without_a_table_is_named_and_later_ones_are_collected(
    sim, clock, caplog, changes, words
):
    """A job whose file cannot be read does not stop the stream until the file is deleted."""
    early, late = sim.report_jobs.submit({}), sim.report_jobs.submit({})
    clock.instant += 3 * HOUR
    odd = collected_job(early, "2026-03-20T12:01:00Z", **changes)
    sim.faults.add(listing_of(odd, collected_job(late, "2026-03-20T12:02:00Z")))

    out = run_reporting(report_config(sim, {"mode": "collect"}), clock, REPORT)

    assert out.error is None
    assert {r["_job_id"] for r in out.records(REPORT)} == {late}
    assert f"job {early} ended at" in caplog.text
    assert words in caplog.text


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            {"jobResults": {"completedJobs": [{"jobId": "1", "jobEnd": "3/20/2026"}]}},
            "jobEnd of job 1",
        ),
        ({"jobResults": [{"jobId": "1"}]}, "has no list completedJobs"),
    ],
    ids=["date", "list"],
)
def test_list_of_jobs_that_cannot_be_read_fails(sim, clock, body, words):
    """Jobs in a form that the tap does not know are no empty list."""
    sim.faults.add(Fault("list", "status", status=200, headers=JSON, body=json.dumps(body)))

    out = run_reporting(report_config(sim, {"mode": "collect"}), clock, REPORT)

    assert words in str(out.error)
    assert "correct reporting.api_version" in str(out.error)


def test_job_that_ended_a_minute_ago_is_collected(sim, clock):
    """A finished job is complete, so no delay applies to it."""
    sim.report_jobs.submit({})
    clock.instant += timedelta(minutes=1)

    out = run_reporting(report_config(sim, {"mode": "collect"}), clock, REPORT)

    assert out.counts()[REPORT] == 12


@pytest.mark.promise("own-hosts")
@pytest.mark.parametrize("is_allowed", [True, False], ids=["allowed", "another"])
def test_file_of_a_collected_job_goes_to_allowed_hosts_only(sim, clock, is_allowed):
    """`file_hosts` names a host that may get the token; the link is used as it came."""
    job_id = sim.report_jobs.submit({})
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
