"""Analytics exports: refused submits, and submits ahead of time."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from tap_cxone.simulator import Fault
from tests.support.analytics_exports import (
    conversation_ids,
    expected_conversations,
    export_settings,
    run_exports,
)
from tests.support.requests import submits


@pytest.mark.parametrize("status", [409, 429])
def test_growing_waits(sim, clock, status):
    """A refused submit without a wait is repeated after growing delays."""
    sim.faults.add(Fault("submit", "status", status=status, times=6))

    out = run_exports(export_settings(sim), clock)

    gaps = [b.at - a.at for a, b in itertools.pairwise(submits(sim))]
    assert out.error is None
    assert len(gaps) == 6
    assert all(gap > timedelta(seconds=2) for gap in gaps)
    assert gaps[-1] > 3 * gaps[0]


@pytest.mark.some(3)
@pytest.mark.parametrize("status", [409, 429, 400, 403, 503])
@pytest.mark.parametrize("after", [1, 2])
def test_submit_refused_while_prefetching_is_repeated(sim, clock, status, after):
    """A refused submit of an upcoming window is repeated for that window; nothing is lost."""
    sim.faults.add(Fault("submit", "status", status=status, after=after))

    out = run_exports(export_settings(sim, 4), clock)

    assert out.error is None
    assert conversation_ids(out) == [r["id"] for r in expected_conversations(sim, 4)]
    assert len(sim.analytics_exports) == 4


@pytest.mark.parametrize("status", [400, 404])
def test_listing_that_fails_while_prefetching_delays_the_submit(sim, clock, status):
    """A list that fails for an upcoming window postpones its submit only."""
    sim.faults.add(Fault("list", "status", status=status, after=1))

    out = run_exports(export_settings(sim, 3), clock)

    assert out.error is None
    assert conversation_ids(out) == [r["id"] for r in expected_conversations(sim, 3)]


@pytest.mark.parametrize("body", ["{}", "[]", "7", '{"entities":null}', '{"entities":[null,{}]}'])
def test_list_of_another_shape_stops_nothing(sim, clock, body):
    """A list that cannot be read tells nothing, and stops nothing."""
    sim.faults.add(Fault("list", "status", status=200, body=body, times=9))

    out = run_exports(export_settings(sim, 3), clock)

    assert out.error is None
    assert conversation_ids(out) == [r["id"] for r in expected_conversations(sim, 3)]
