"""Analytics exports: submits whose response was lost."""

from __future__ import annotations

import pytest

from tap_cxone.simulator import Fault, Options, Simulator
from tests.support.analytics_exports import (
    STREAM,
    conversation_ids,
    expected_conversations,
    export_settings,
    run_exports,
)
from tests.support.clocks import ActingClock

BOTH = pytest.mark.parametrize("list_queries", [True, False])


@pytest.mark.promise("no-double-submit")
@pytest.mark.some(7)
@BOTH
@pytest.mark.parametrize("kind", ["reply-lost", "empty", "malformed-json", "status", "reset"])
@pytest.mark.parametrize("after", [0, 1, 3])
def test_export_submit_lost_makes_no_second_job(simulate, clock, list_queries, kind, after):
    """A submit whose answer is lost, whether it was carried out or not, makes no job twice.

    Where the list does not tell what an export requests, one too many may be made; a row is
    neither lost nor sent twice.
    """
    sim = simulate(list_queries=list_queries, job_seconds=60)
    sim.faults.add(Fault("submit", kind, after=after))

    out = run_exports(export_settings(sim, 4), clock)

    carried_out = kind not in {"status", "reset"}
    assert out.error is None
    assert conversation_ids(out) == [r["id"] for r in expected_conversations(sim, 4)]
    assert len(sim.analytics_exports) <= (5 if carried_out and not list_queries else 4)
    assert sim.conflicts == 0


def test_export_submit_lost_of_a_fast_job_is_repeated(simulate, clock):
    """A job that ends before the lookup is made again: no row is lost or twice."""
    sim = simulate(job_seconds=2)
    sim.faults.add(Fault("submit", "reply-lost"))

    out = run_exports(export_settings(sim), clock)

    assert out.error is None
    assert len(sim.analytics_exports) == 2
    assert conversation_ids(out) == [r["id"] for r in expected_conversations(sim)]


@pytest.mark.promise("no-double-submit")
@BOTH
@pytest.mark.parametrize("after", [0, 1])
def test_export_submit_lost_beside_foreign_exports_adopts_none_of_them(list_queries, after):
    """An export of another client that appears meanwhile is never taken for the lost one."""
    clock = ActingClock()
    options = Options(rows_per_day=120, job_seconds=60, list_queries=list_queries)
    with Simulator(options, clock=clock) as sim:
        sim.faults.add(Fault("submit", "status", status=500, after=after))
        clock.at(1, lambda: sim.add_foreign_exports(1, 60))

        first = run_exports(export_settings(sim, 2), clock)
        later = run_exports(export_settings(sim, 2), clock, state=first.state)

        assert {r["type"] for r in first.records(STREAM)} <= {"bot"}
        assert later.error is None
        assert {*conversation_ids(first), *conversation_ids(later)} == {
            r["id"] for r in expected_conversations(sim, 2)
        }
        if list_queries:
            assert first.error is None
