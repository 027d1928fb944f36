"""Analytics exports: submits whose response was lost."""

from __future__ import annotations

import pytest

from tap_cxone.simulator import Fault, Options, Simulator
from tests.support.analytics_exports import (
    STREAM,
    changed_export_settings,
    conversation_ids,
    expected_conversations,
    export_settings,
    run_exports,
)
from tests.support.clocks import ActingClock

BOTH = pytest.mark.parametrize("list_queries", [True, False])


@pytest.mark.ci
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


@pytest.mark.promise("no-double-submit")
@pytest.mark.parametrize("file_format", ["json", "csv"])
@pytest.mark.parametrize(
    "unlisted",
    [
        ("format",),
        ("exportType",),
        ("query.filter",),
        ("exportType", "format", "compression", "includeHeaders", "query.filter"),
    ],
    ids=["format", "type", "filter", "all but the window"],
)
def test_export_submit_lost_is_found_in_a_list_that_shows_less(
    simulate, clock, unlisted, file_format
):
    """What the list shows is compared; a field that it omits does not hide our export."""
    sim = simulate(unlisted_fields=unlisted, job_seconds=60)
    sim.faults.add(Fault("submit", "reply-lost"))

    out = run_exports(changed_export_settings(sim, format=file_format), clock)

    assert out.error is None
    assert len(sim.analytics_exports) == 1


@pytest.mark.parametrize("unlisted", ["query.dateFrom", "query.dateTo", "query"])
def test_export_without_a_listed_window_is_not_adopted(simulate, clock, unlisted):
    """An export whose window the list does not show may be another client's: it is made anew."""
    sim = simulate(unlisted_fields=(unlisted,), job_seconds=60)
    sim.faults.add(Fault("submit", "reply-lost"))

    out = run_exports(export_settings(sim), clock)

    assert out.error is None
    assert len(sim.analytics_exports) == 2
    assert conversation_ids(out) == [r["id"] for r in expected_conversations(sim)]


@pytest.mark.ci
@pytest.mark.parametrize("unlisted", ["query.filter", "exportType", "format"])
def test_export_that_shows_no_filter_or_type_is_not_adopted_before_a_submit(
    simulate, clock, unlisted
):
    """Before a submit an export with our window only may be another client's: it is not used."""
    sim = simulate(unlisted_fields=(unlisted,), job_seconds=60)
    config = export_settings(sim)
    run_exports(config, clock, cut_after=2)  # another client, gone without a trace

    out = run_exports(config, clock)

    assert out.error is None
    assert len(sim.analytics_exports) == 2


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
