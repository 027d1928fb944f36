"""Scheduled reports: submits of runs without a response."""

from __future__ import annotations

import pytest

from tap_cxone.errors import AmbiguousSubmit
from tap_cxone.simulator import Fault
from tests.support.expectations import failure
from tests.support.requests import submits
from tests.support.scheduled_reports import (
    OTHER,
    QUEUES,
    STREAM,
    report_settings,
    run_reports,
    whole,
)


@pytest.mark.promise("no-double-submit")
@pytest.mark.some(3)
@pytest.mark.parametrize(
    "fault",
    [
        Fault("run", "reply-lost"),
        Fault("run", "malformed-json"),
        Fault("run", "empty"),
        Fault("run", "html"),
        Fault("run", "reset"),
        Fault("run", "status", status=500),
        Fault("run", "status", status=502),
        Fault("run", "status", status=504),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
def test_report_submit_lost_counts_as_spent(sim, clock, fault):
    """An order without an answer counts as spent: not repeated, explained, others continue."""
    sim.faults.add(fault)

    first = run_reports(report_settings(sim, 2, more=[QUEUES]), clock)
    again = run_reports(report_settings(sim, 2, more=[QUEUES]), clock, state=first.state)

    own = next(one.id for one in sim.schedules if one.name == STREAM)
    assert isinstance(failure(first), AmbiguousSubmit)
    assert "counts as spent" in str(failure(first))
    assert first.records(STREAM) == []
    assert len(first.records(OTHER)) == 6
    assert [f"/{own}/" in seen.path for seen in submits(sim)][:2] == [True, False]
    assert whole(again, sim, 2)


@pytest.mark.promise("no-double-submit")
@pytest.mark.parametrize("status", [503, 429, 409])
def test_report_submit_not_accepted_is_repeated(sim, clock, status):
    """An order that the API says it did not take is sent again."""
    sim.faults.add(Fault("run", "status", status=status, times=2))

    out = run_reports(report_settings(sim), clock)

    assert whole(out, sim)
    assert len(submits(sim)) == 3
