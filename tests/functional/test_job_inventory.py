"""`--jobs`: jobs that state, journal and the APIs know, and which of them no run uses."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from tap_cxone.simulator import Fault
from tap_cxone.tap import TapCXone
from tests.support.examples import csv_jobs, full_lists, json_jobs, report_runs
from tests.support.requests import submits
from tests.support.run import run_tap, select

if TYPE_CHECKING:
    from tap_cxone.cli.job_inventory import JobEntry

STUCK = Fault("submit", "job-stuck", times=9)
QUICK: dict[str, Any] = {"job_timeout_minutes": 1}


def entries(config: dict[str, Any], state: Any, clock: Any, *, cancel: bool = False) -> Any:
    """Return what `--jobs` prints, with the tap as the command makes it."""
    tap = TapCXone(config=config, state=state, clock=clock)
    try:
        return list(tap.list_jobs(cancel=cancel))
    finally:
        tap.close()


def labels(found: list[JobEntry]) -> list[str]:
    return [entry.label for entry in found]


def stuck_export(sim: Any, clock: Any, **changes: Any) -> tuple[dict[str, Any], Any]:
    """Return the settings and the state of a run that left a job behind."""
    sim.faults.add(STUCK)
    config = json_jobs.export_settings(sim, 1, **QUICK, **changes)
    return config, json_jobs.run_exports(config, clock).state


def test_job_of_the_state_is_listed_as_used(sim, clock):
    """A job that the next run resumes is shown with its window, age and status."""
    config, state = stuck_export(sim, clock)
    ((job,),) = (s["pending_jobs"] for s in state["bookmarks"].values() if "pending_jobs" in s)

    (entry,) = entries(config, state, clock)

    assert str(entry).startswith(
        f"used   {json_jobs.FAMILY} {json_jobs.STREAM}, 2026-03-15Z to 2026-03-16Z"
    )
    assert job["id"] in entry.subject
    assert "min ago" in entry.subject
    assert entry.detail == "running; the next run resumes it"


@pytest.mark.ci
def test_listing_spends_no_export(sim, clock):
    """The API's list and status requests are the only ones."""
    config, state = stuck_export(sim, clock)
    before = len(submits(sim))

    entries(config, state, clock, cancel=True)

    assert len(submits(sim)) == before


def test_job_of_another_request_is_an_orphan(sim, clock):
    """A changed filter requests other rows, so no run takes the file of the job."""
    config, state = stuck_export(sim, clock)
    exports = [{"name": json_jobs.STREAM, "filter": "type eq 'other'"}]
    changed = {**config, json_jobs.FAMILY: {**config[json_jobs.FAMILY], "exports": exports}}

    (entry,) = entries(changed, state, clock)

    assert (entry.label, "request something else" in entry.detail) == ("orphan", True)


def test_job_of_a_removed_stream_is_an_orphan(sim, clock):
    """The state still has the job of an export that the settings no longer name."""
    own = {"exports": [{"name": "calls", "filter": "type eq 'bot'"}]}
    sim.faults.add(STUCK)
    config = json_jobs.export_settings(sim, 1, **QUICK, own=own)
    state = json_jobs.run_exports(config, clock, "calls").state

    (entry,) = entries(json_jobs.export_settings(sim, 1), state, clock)

    assert str(entry).startswith(f"orphan {json_jobs.FAMILY} calls, 2026-03-15Z to 2026-03-16Z")
    assert entry.detail == "running; no setting has its stream"


def test_job_of_the_state_that_no_list_has_is_an_orphan_of_an_unknown_family(sim, clock):
    """Neither owner nor submits of the stream name its family."""
    config, state = stuck_export(sim, clock)
    bookmarks = state["bookmarks"]
    bookmarks["former"] = bookmarks.pop(json_jobs.STREAM)
    bookmarks["former"]["pending_jobs"][0]["id"] = "another"
    for key in ("owner", "submits"):
        bookmarks["former"].pop(key, None)

    found = entries(config, state, clock)

    assert labels(found) == ["other", "orphan"]
    assert "unknown family former" in found[1].subject


def test_journal_names_the_family_of_a_removed_stream(sim, clock, tmp_path):
    """With a journal the family of the job is known, and so is its status."""
    own = {"exports": [{"name": "calls", "filter": "type eq 'bot'"}]}
    journal = {"journal": str(tmp_path / "journal.db")}
    sim.faults.add(STUCK)
    config = json_jobs.export_settings(sim, 1, **QUICK, **journal, own=own)
    json_jobs.run_exports(config, clock, "calls")

    (entry,) = entries(json_jobs.export_settings(sim, 1, **journal), None, clock)

    assert str(entry).startswith(f"orphan {json_jobs.FAMILY} calls, 2026-03-15Z to 2026-03-16Z")
    assert entry.detail == "running; no setting has its stream"


def test_job_of_a_committed_window_is_done(sim, clock, tmp_path):
    """A state that has the commit needs no job of the journal."""
    journal = {"journal": str(tmp_path / "journal.db")}
    config = json_jobs.export_settings(sim, 1, **journal)
    state = json_jobs.run_exports(config, clock).state

    (entry,) = entries(config, state, clock)

    assert (entry.label, entry.detail) == ("done", "completed; its window is committed")


@pytest.mark.parametrize(
    ("family", "start"),
    [(json_jobs.FAMILY, "export"), (csv_jobs.FAMILY, "entity"), (full_lists.FAMILY, "report")],
    ids=lambda text: text,
)
def test_job_that_only_the_api_lists_belongs_to_another_client(sim, clock, family, start):
    """Each API with a list shows the running jobs that neither state nor journal has."""
    run_and_config = {
        "export": lambda: stuck_export(sim, clock)[0],
        "entity": lambda: stuck_entity(sim, clock),
        "report": lambda: stuck_report(sim, clock),
    }
    config = run_and_config[start]()

    (entry,) = entries(config, None, clock)

    assert entry.label == "other"
    assert entry.subject.startswith(f"{family}, job ")
    assert entry.detail.endswith("of another client, or of a lost submit")


def stuck_entity(sim: Any, clock: Any) -> dict[str, Any]:
    sim.faults.add(Fault("async", "job-stuck"))
    config = {**csv_jobs.extraction_settings(sim, mode="async"), **QUICK}
    run_tap(config, clock=clock, only="qm_workflows")
    return config


def stuck_report(sim: Any, clock: Any) -> dict[str, Any]:
    sim.faults.add(STUCK)
    config = full_lists.report_config(sim, **QUICK)
    full_lists.run_reporting(config, clock, full_lists.REPORT)
    return config


def killed_run_of_a_report(sim: Any, clock: Any) -> Any:
    """Return the state of a run that was killed while its report ran."""
    sim.faults.add(Fault("run", "job-stuck"))
    config = report_runs.report_settings(sim)
    return report_runs.run_reports(config, clock, report_runs.STREAM, cut_after=2).state


def test_orphan_is_cancelled_where_the_api_can(sim, clock):
    """A run of a report whose definition changed is ended, and the exit of `--jobs` is success."""
    state = killed_run_of_a_report(sim, clock)
    changed = report_runs.report_settings(sim, entry={"metrics": ["callsHandled"]})

    (entry,) = entries(changed, state, clock, cancel=True)

    assert sim.cancelled == [sim.report_runs[0].id]
    assert (entry.label, entry.detail[:9]) == ("orphan", "cancelled")


def test_job_of_a_removed_report_is_cancelled(sim, clock):
    """The state of the stream names its family, so no journal is needed."""
    state = killed_run_of_a_report(sim, clock)
    others = report_runs.report_settings(sim, entry={"name": "other", "schedule_name": "other"})

    found = entries(others, state, clock, cancel=True)

    assert sim.cancelled == [sim.report_runs[0].id]
    assert (found[0].label, found[0].detail) == (
        "orphan",
        "cancelled; no setting has its stream",
    )


def test_job_of_a_removed_family_names_it(sim, clock):
    """Without the family no status is known, but the line says whose job it is."""
    state = killed_run_of_a_report(sim, clock)

    config = {**json_jobs.export_settings(sim, 1), "families": [json_jobs.FAMILY]}

    (entry,) = entries(config, state, clock)

    assert entry.subject.startswith(f"{report_runs.FAMILY} {report_runs.STREAM}, ")


def test_job_of_a_window_to_be_read_again_is_an_orphan(sim, clock, tmp_path):
    """A reload takes a new job, since the file of the former one has the old rows."""
    journal = {"journal": str(tmp_path / "journal.db")}
    config = json_jobs.export_settings(sim, 1, **journal)
    state = json_jobs.run_exports(config, clock).state
    clock.instant += timedelta(minutes=1)
    entry = {"streams": [json_jobs.STREAM], "from": "2026-03-15", "to": "2026-03-16", "id": "again"}
    sim.faults.add(Fault("submit", "status", status=400))
    config["reload"] = [entry]
    state = json_jobs.run_exports(config, clock, state=state).state

    (found, *_) = entries(config, state, clock)

    assert (found.label, found.detail) == ("orphan", "completed; its window is to be read again")


def test_job_in_use_is_never_cancelled(sim, clock):
    """A run that the next run of the tap resumes goes on."""
    state = killed_run_of_a_report(sim, clock)

    (entry,) = entries(report_runs.report_settings(sim), state, clock, cancel=True)

    assert entry.label == "used"
    assert sim.cancelled == []


def test_orphan_of_an_api_that_cannot_cancel_stays(sim, clock):
    """The line says that the job cannot be ended."""
    config, state = stuck_export(sim, clock)
    exports = [{"name": json_jobs.STREAM, "filter": "type eq 'other'"}]
    changed = {**config, json_jobs.FAMILY: {**config[json_jobs.FAMILY], "exports": exports}}

    (entry,) = entries(changed, state, clock, cancel=True)

    assert entry.detail.startswith("running; this API cannot end a job")


def test_schedule_that_no_report_uses_is_listed_and_not_deleted(sim, clock):
    """A schedule that an earlier run registered stays in CXone."""
    state = report_runs.run_reports(
        report_runs.report_settings(sim), clock, report_runs.STREAM
    ).state
    config = report_runs.report_settings(sim, entry={"name": "other", "schedule_name": "other"})

    found = entries(config, state, clock, cancel=True)

    assert [str(e) for e in found if "schedule" in e.subject] == [
        f"orphan {report_runs.FAMILY} schedule '{report_runs.STREAM}' ({sim.schedules[0].id}), "
        "which no report of the settings uses: delete it in CXone"
    ]
    assert len(sim.schedules) == 1


def test_list_that_is_refused_is_a_failure(sim, clock):
    """The other jobs are shown, and the refused list with its cause."""
    config, state = stuck_export(sim, clock)
    sim.faults.add(Fault("list", "status", status=403, times=9, family=json_jobs.FAMILY))

    found = entries(config, state, clock)

    assert labels(found) == ["FAIL", "used"]
    assert "analytics:export:read" in found[0].detail


@pytest.mark.parametrize(("status", "code"), [(None, 0), (403, 1)], ids=["listed", "refused"])
def test_jobs_command_has_an_exit_code(sim, tmp_path, clock, status, code):
    """The command prints a line per job; a failed request makes the exit code 1."""
    clock.instant = datetime.now(UTC)  # the command has the machine's clock
    if status:
        sim.faults.add(Fault("list", "status", status=status, times=9))
    file = tmp_path / "config.json"
    file.write_text(json.dumps(json_jobs.export_settings(sim, 1, max_retries=0)))

    result = CliRunner().invoke(TapCXone.cli, ["--config", str(file), "--jobs"])

    assert result.exit_code == code
    assert ("FAIL" in result.stdout) == bool(status)


def test_deselected_stream_leaves_an_orphan(sim, clock):
    """With a catalog, a job of a stream that it does not select is used by no run."""
    config, state = stuck_export(sim, clock)
    own = {"exports": [{"name": "calls", "filter": "type eq 'bot'"}]}
    config[json_jobs.FAMILY] = {**config[json_jobs.FAMILY], **own}
    catalog = select(config, "calls")

    tap = TapCXone(config=config, state=state, catalog=catalog, clock=clock)
    (entry,) = tap.list_jobs(cancel=False)

    assert (entry.label, entry.detail[-26:]) == ("orphan", "its stream is not selected")
