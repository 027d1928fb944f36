"""Analytics exports: a list that ignores the filter by status, and completed exports in it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from tap_cxone.simulator import Fault
from tap_cxone.tap import TapCXone
from tap_cxone.windows import window_between
from tests.support.analytics_exports import (
    START,
    STREAM,
    conversation_ids,
    expected_conversations,
    export_settings,
    run_exports,
)


@pytest.mark.ci
def test_completed_exports_in_the_list_take_no_slot(simulate, clock):
    """Exports that ended do not count as active where the list ignores the filter by status."""
    sim = simulate(list_ignores_status=True)
    run_exports(export_settings(sim, 4), clock)
    began = clock.now()

    out = run_exports(export_settings(sim, 5), clock)

    assert out.error is None
    assert conversation_ids(out) == [row["id"] for row in expected_conversations(sim, 5)]
    assert clock.now() - began < timedelta(minutes=5)


def test_running_export_on_the_second_page_of_the_list_is_adopted(sim, clock):
    """All pages of the list count, so an export that runs is not started once more."""
    config = export_settings(sim)
    stream = TapCXone(config=config, clock=clock).streams[STREAM]
    stream.api.submit(window_between(START, START + timedelta(days=1)))  # type: ignore[attr-defined]
    page = json.dumps({"entities": [], "nextPageToken": "two"})
    sim.faults.add(Fault("list", "status", status=200, body=page))

    out = run_exports(config, clock)

    assert out.error is None
    assert len(sim.analytics_exports) == 1


@pytest.mark.parametrize(
    ("created_at", "exports"),
    [("2026-03-16T00:10:00+00:00", 2), ("2026-03-16T00:40:00+00:00", 1)],
    ids=["before", "after"],
)
def test_completed_export_is_adopted_if_made_after_the_window_was_final(
    simulate, clock, created_at, exports
):
    """A completed export of the window may lack late rows if it was made before they were shown."""
    sim = simulate(list_ignores_status=True)
    config = export_settings(sim, 1)
    clock.instant = datetime.fromisoformat(created_at)
    stream = TapCXone(config=config, clock=clock).streams[STREAM]
    stream.api.submit(window_between(START, START + timedelta(days=1)))  # type: ignore[attr-defined]
    clock.instant += timedelta(hours=2)

    out = run_exports(config, clock)

    assert len(sim.analytics_exports) == exports
    assert conversation_ids(out) == [row["id"] for row in expected_conversations(sim, 1)]
