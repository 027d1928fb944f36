"""A stream that fails does not affect the others."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from tap_cxone.errors import JobFailed, StreamsFailed
from tap_cxone.simulator import Fault
from tests.conftest import settings_for
from tests.support.expectations import without_metadata
from tests.support.requests import submits
from tests.support.run import run_tap
from tests.support.streams import ENTITIES, HORIZON, START, submitted_dates, typed_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_cxone.simulator import Simulator
    from tests.support.run import FakeClock, Output


def run_with_failed_job(
    simulate: Callable[..., Simulator], clock: FakeClock
) -> tuple[Simulator, Output]:
    """Run all streams while the second job of qm_workflows fails."""
    sim = simulate(rows_per_day=4)
    sim.faults.add(Fault("async", "job-failed", after=3, body="Out of paper"))
    config = settings_for(sim, own={"mode": "async"})
    return sim, run_tap(config, clock=clock)


@pytest.mark.promise("isolated-failures")
def test_stream_that_fails_does_not_stop_the_others(simulate, clock):
    """The other streams read everything and move their bookmarks to the horizon."""
    sim, out = run_with_failed_job(simulate, clock)

    for stream in ("qm_questions", "recording_interaction_metadata"):
        entity = ENTITIES[stream]
        last = [job for job in sim.jobs if job.spec.entity == entity][-1]
        truth = sim.expected_rows(entity, START, date(2026, 3, 21), last.ready_at)
        assert without_metadata(out.records(stream)) == typed_rows(entity, truth)
        assert (out.bookmark(stream) or "") >= HORIZON.isoformat()


@pytest.mark.promise("isolated-failures")
def test_failing_stream_keeps_what_it_committed(simulate, clock):
    """The bookmark of the failing stream is the end of its last whole window."""
    sim, out = run_with_failed_job(simulate, clock)

    truth = sim.expected_rows("qm-workflows", START, date(2026, 3, 15))
    assert out.bookmark("qm_workflows") == "2026-03-15T00:00:00+00:00"
    assert without_metadata(out.records("qm_workflows")) == typed_rows("qm-workflows", truth)


def test_error_of_a_run_names_the_failing_stream(simulate, clock):
    """The run ends with StreamsFailed: one line a failed stream, with the reason."""
    _, out = run_with_failed_job(simulate, clock)

    assert isinstance(out.error, StreamsFailed)
    assert isinstance(out.error.failures["qm_workflows"], JobFailed)
    (line,) = out.error.lines()
    assert "qm_workflows" in line
    assert "Out of paper" in line


def test_every_failing_stream_has_a_line(simulate, clock):
    """Two streams that fail are two lines."""
    sim = simulate(forbidden=frozenset({"qm-questions", "qm-workflows"}))

    out = run_tap(settings_for(sim), clock=clock)

    assert isinstance(out.error, StreamsFailed)
    assert [line.split("'")[1] for line in out.error.lines()] == ["qm_questions", "qm_workflows"]


def test_failed_window_is_read_by_the_next_run(simulate, clock):
    """After a failure the next run reads what is missing, from the failed window on."""
    sim, out = run_with_failed_job(simulate, clock)
    before = len(submits(sim))
    config = settings_for(sim, own={"mode": "async"})

    second = run_tap(config, clock=clock, only="qm_workflows", state=out.state)

    assert second.error is None
    assert submitted_dates(sim)[before] == ("2026-03-14", "2026-03-21")
    both = {r["workflow_id"] for o in (out, second) for r in o.records("qm_workflows")}
    truth = sim.expected_rows("qm-workflows", START, date(2026, 3, 21), sim.jobs[-1].ready_at)
    assert both == {row["Workflow ID"] for row in truth}
